/** Feature rows -> probabilities, in batches of 16,384 with bounded memory. Worker side. */
import type { InferenceSession } from 'onnxruntime-node';

/** The fastest size measured for models of this kind (facts/data.md section 3); a batch blocks the event loop for about 1 ms. */
export const SCORE_BATCH = 16_384;

/** `x`: rows x inputs. Between batches `breathe` lets heartbeats through, and throws when the step is cancelled. */
export async function scoreMatrix(session: InferenceSession, x: Float32Array, inputs: number, breathe?: () => Promise<void>): Promise<Float32Array> {
  const { Tensor } = await import('onnxruntime-node');
  const rows = x.length / inputs;
  const out = new Float32Array(rows);
  for (let first = 0; first < rows; first += SCORE_BATCH) {
    const count = Math.min(SCORE_BATCH, rows - first);
    const features = new Tensor('float32', x.subarray(first * inputs, (first + count) * inputs), [count, inputs]);
    const { probability } = await session.run({ features });
    if (!probability || probability.size !== count) throw new Error(`the model gave ${probability?.size ?? 'no'} probabilities for ${count} rows`);
    out.set(probability.data as Float32Array, first); // the model's output is float
    await breathe?.();
  }
  return out;
}
