/** Small ONNX models for tests, written by hand: what a scorer must take, and what it must refuse. */
import { encodeMessage, type Field, type Message } from '../../activities/training/protobuf.ts';

const FLOAT = 1;
const DOUBLE = 11;

interface ModelParts {
  readonly nodes: readonly Message[];
  readonly constants?: readonly Message[];
  readonly inputs: readonly Message[];
  readonly outputs: readonly Message[];
}
const model = ({ nodes, constants = [], inputs, outputs }: ModelParts): Uint8Array =>
  encodeMessage([
    [1, 8],
    [
      7,
      [
        ...nodes.map((one): Field => [1, one]),
        [2, 'test'],
        ...constants.map((one): Field => [5, one]),
        ...inputs.map((one): Field => [11, one]),
        ...outputs.map((one): Field => [12, one]),
      ],
    ],
    [
      8,
      [
        [1, ''],
        [2, 17],
      ],
    ],
  ]);
const node = (op: string, inputs: readonly string[], output: string): Message => [...inputs.map((input): Field => [1, input]), [2, output], [4, op]];
/** `shape`: numbers or names. */
const value = (name: string, shape: readonly (number | string)[], type = FLOAT): Message => [
  [1, name],
  [
    2,
    [
      [
        1,
        [
          [1, type],
          [2, shape.map((size): Field => [1, [typeof size === 'number' ? [1, size] : [2, size]]])],
        ],
      ],
    ],
  ],
];
const tensor = (name: string, shape: readonly number[], values: readonly number[]): Message => [
  ...shape.map((size): Field => [1, size]),
  [2, FLOAT],
  [8, name],
  [9, new Uint8Array(Float32Array.from(values).buffer)],
];

/** score = sigmoid(sum of w * x). */
export const linear = (weights: readonly number[]): Uint8Array =>
  model({
    nodes: [node('MatMul', ['x', 'w'], 'z'), node('Sigmoid', ['z'], 'score')],
    constants: [tensor('w', [weights.length, 1], weights)],
    inputs: [value('x', ['n', weights.length])],
    outputs: [value('score', ['n', 1])],
  });
/** score = log of the first feature: not a number below 0, infinite at 0. */
export const logarithm = (features: number): Uint8Array =>
  model({
    nodes: [node('MatMul', ['x', 'first'], 'z'), node('Log', ['z'], 'score')],
    constants: [tensor('first', [features, 1], [1, ...Array.from({ length: features - 1 }, () => 0)])],
    inputs: [value('x', ['n', features])],
    outputs: [value('score', ['n', 1])],
  });

const int64 = (name: string, values: readonly bigint[]): Message => [
  [1, values.length],
  [2, 7],
  [8, name],
  [9, new Uint8Array(BigInt64Array.from(values).buffer)],
];
/** Spreads each row over 2^44 columns and adds them up: more memory than any machine has. */
export const enormous = (): Uint8Array =>
  model({
    nodes: [node('Expand', ['x', 'shape'], 'spread'), node('ReduceSum', ['spread', 'axes'], 'score')],
    constants: [int64('shape', [1n, 2n ** 44n]), int64('axes', [1n])],
    inputs: [value('x', ['n', 1])],
    outputs: [value('score', ['n', 1])],
  });

export const oddModels = {
  unknownOperator: model({ nodes: [node('FlightDelay', ['x'], 'score')], inputs: [value('x', ['n', 2])], outputs: [value('score', ['n', 1])] }),
  twoInputs: model({ nodes: [node('Add', ['a', 'b'], 'score')], inputs: [value('a', ['n', 1]), value('b', ['n', 1])], outputs: [value('score', ['n', 1])] }),
  doubles: model({ nodes: [node('Neg', ['x'], 'score')], inputs: [value('x', ['n', 1], DOUBLE)], outputs: [value('score', ['n', 1], DOUBLE)] }),
  oneRow: model({ nodes: [node('Neg', ['x'], 'score')], inputs: [value('x', [1, 1])], outputs: [value('score', [1, 1])] }),
  threeDimensions: model({ nodes: [node('Neg', ['x'], 'score')], inputs: [value('x', ['n', 2, 2])], outputs: [value('score', ['n', 2, 2])] }),
  wide: model({ nodes: [node('Neg', ['x'], 'score')], inputs: [value('x', ['n', 2])], outputs: [value('score', ['n', 2])] }),
};
