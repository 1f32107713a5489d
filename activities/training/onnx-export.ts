/**
 * A network as an ONNX model: 'features' [N, inputs] float32 -> 'probability' [N, 1], standardisation included. Field
 * numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto (IR 8, opset 17). Pure; worker side.
 */
import type { Network } from './network.ts';
import { encodeMessage, type Field, type Message } from './protobuf.ts';

const FLOAT = 1;

export function exportOnnx(network: Network): Uint8Array {
  const { inputs, hidden, weights, mean, std } = network;
  const constants: Message[] = [
    tensor('mean', [inputs], mean),
    tensor(
      'scale',
      [inputs],
      std.map((value) => 1 / value),
    ),
  ];
  const nodes: Message[] = [node('Sub', ['features', 'mean'], 'centred'), node('Mul', ['centred', 'scale'], 'standardised')];
  if (hidden === 0) {
    constants.push(tensor('w', [inputs, 1], weights.subarray(0, inputs)), tensor('b', [1], weights.subarray(inputs)));
    nodes.push(node('Gemm', ['standardised', 'w', 'b'], 'z'));
  } else {
    const b1 = inputs * hidden;
    constants.push(tensor('w1', [inputs, hidden], weights.subarray(0, b1)), tensor('b1', [hidden], weights.subarray(b1, b1 + hidden)));
    constants.push(tensor('w2', [hidden, 1], weights.subarray(b1 + hidden, b1 + 2 * hidden)), tensor('b2', [1], weights.subarray(b1 + 2 * hidden)));
    nodes.push(node('Gemm', ['standardised', 'w1', 'b1'], 'a'), node('Relu', ['a'], 'units'), node('Gemm', ['units', 'w2', 'b2'], 'z'));
  }
  nodes.push(node('Sigmoid', ['z'], 'probability'));
  const graph: Message = [
    ...nodes.map((one): Field => [1, one]),
    [2, 'heddle'],
    ...constants.map((one): Field => [5, one]),
    [11, valueInfo('features', inputs)],
    [12, valueInfo('probability', 1)],
  ];
  return encodeMessage([
    [1, 8], // ir_version
    [2, 'heddle'],
    [7, graph],
    [
      8,
      [
        [1, ''],
        [2, 17],
      ],
    ], // opset_import: the default domain
  ]);
}

const node = (op: string, inputs: readonly string[], output: string): Message => [...inputs.map((input): Field => [1, input]), [2, output], [4, op]];

function tensor(name: string, shape: readonly number[], values: Float64Array): Message {
  const raw = new Uint8Array(Float32Array.from(values).buffer);
  return [...shape.map((size): Field => [1, size]), [2, FLOAT], [8, name], [9, raw]];
}

/** float [N, columns]. */
const valueInfo = (name: string, columns: number): Message => [
  [1, name],
  [
    2,
    [
      [
        1,
        [
          [1, FLOAT],
          [
            2,
            [
              [1, [[2, 'N']]],
              [1, [[1, columns]]],
            ],
          ],
        ],
      ],
    ],
  ],
];
