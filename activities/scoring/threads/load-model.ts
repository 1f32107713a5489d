/**
 * Bytes of an ONNX model -> a session whose input and output fit, or an error that says what does not. The names and shapes
 * are looked up in the model: [rows, features] of float in, one float a row out. Scoring threads.
 */
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { HeddleError } from '../../../dsl/errors/heddle-error.ts';
import { isOutOfMemory } from './out-of-memory.ts';

/** Measured with 7-32-1: 381 ms for 3 M rows, 392 at 16,384, 495 at 65,536, 567 at 1,024: what a layer gives fits the cache. */
const RUN_ROWS = 8_192;

export interface LoadedModel {
  readonly session: InferenceSession;
  readonly input: string;
  /** Features that it takes; null: it does not say. */
  readonly width: number | null;
  readonly output: string;
  /** Dimensions of the output: [rows] or [rows, 1]. */
  readonly rank: number;
}

/** Throws HDL-ONNX-INVALID, HDL-ONNX-OPERATOR, HDL-MODEL-INPUT. `name`: for messages. */
export async function loadModel(bytes: Uint8Array, name: string): Promise<LoadedModel> {
  const session = await open(bytes, name);
  const { inputMetadata, outputMetadata } = session;
  const bad = (what: string): HeddleError =>
    new HeddleError('HDL-MODEL-INPUT', { what: `The model ${what}. Scoring takes one input of float [rows, features].`, where: name });
  const [input] = inputMetadata;
  if (!input || inputMetadata.length !== 1) throw bad(`has ${inputMetadata.length} inputs: ${session.inputNames.join(', ')}`);
  if (!input.isTensor || input.type !== 'float32') throw bad(`takes ${input.isTensor ? input.type : 'no tensor'} as ${input.name}`);
  const [rows, width] = input.shape;
  if (input.shape.length !== 2 || typeof rows === 'number')
    throw bad(`takes ${input.name} of the shape [${input.shape.join(', ')}], and the number of rows must be open`);
  const outputs = outputMetadata.flatMap((one) => (one.isTensor && one.type === 'float32' && isOneARow(one.shape) ? [one] : []));
  const output = outputs.find((one) => one.name === 'probability') ?? outputs[0];
  if (!output) throw bad(`gives no output of one float a row: ${session.outputNames.join(', ')}`);
  return { session, input: input.name, width: typeof width === 'number' ? width : null, output: output.name, rank: output.shape.length };
}

const isOneARow = (shape: readonly (number | string)[]): boolean => shape.length === 1 || (shape.length === 2 && !(Number(shape[1]) > 1));

async function open(bytes: Uint8Array, name: string): Promise<InferenceSession> {
  try {
    return await InferenceSession.create(bytes, {
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      graphOptimizationLevel: 'all',
      enableCpuMemArena: true,
      logSeverityLevel: 4,
    });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const operator = /No Op registered for (\S+)|Could not find an implementation for (\S+?)\(|(\S+?)\(-?\d+\) is not a registered function\/op/.exec(why);
    if (operator) {
      const which = operator[1] ?? operator[2] ?? operator[3] ?? '';
      throw new HeddleError('HDL-ONNX-OPERATOR', {
        what: `The model uses the operator ${which}, which ONNX Runtime does not have: ${why}.`,
        where: name,
        cause: error,
      });
    }
    throw new HeddleError('HDL-ONNX-INVALID', { what: `The file is no ONNX model that can be loaded: ${why}.`, where: name, cause: error });
  }
}

/** Throws HDL-MODEL-INPUT when the model takes another number of features. */
export function checkWidth({ width, input }: LoadedModel, features: number, name: string): void {
  if (width === null || width === features) return;
  throw new HeddleError('HDL-MODEL-INPUT', {
    what: `The model takes ${width} features as ${input}, and the rows have ${features}.`,
    where: name,
    fix: 'Score the rows that the model was trained on, or train it again.',
  });
}

/** Scores of rows x features into `scores`; the memory of both is the tensors'. */
export async function infer(
  { session, input, output, rank }: LoadedModel,
  x: Float32Array,
  features: number,
  scores: Float32Array,
  name: string,
): Promise<void> {
  for (let first = 0; first < scores.length; first += RUN_ROWS) {
    const rows = Math.min(RUN_ROWS, scores.length - first);
    const given = new Tensor('float32', x.subarray(first * features, (first + rows) * features), [rows, features]);
    const filled = new Tensor('float32', scores.subarray(first, first + rows), rank === 1 ? [rows] : [rows, 1]);
    try {
      await session.run({ [input]: given }, { [output]: filled });
    } catch (error) {
      if (isOutOfMemory(error)) throw error; // the batch is split
      const why = error instanceof Error ? error.message : String(error);
      throw new HeddleError('HDL-MODEL-INPUT', { what: `The model failed on ${rows} rows of ${features} features: ${why}.`, where: name, cause: error });
    }
  }
}
