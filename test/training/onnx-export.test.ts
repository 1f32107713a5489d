/** The exported model gives what our own forward pass gives, in ONNX Runtime itself. */
import { describe, expect, it } from 'vitest';
import { onnxSession } from '../../activities/scoring/onnx-session.ts';
import { scoreMatrix } from '../../activities/scoring/score-matrix.ts';
import { predict } from '../../activities/training/network.ts';
import { exportOnnx } from '../../activities/training/onnx-export.ts';
import { trainNetwork } from '../../activities/training/train-network.ts';
import { sampleSet } from './sample-set.ts';

describe('an exported model', () => {
  it.each([0, 16])('differs from the forward pass by at most 1e-5, with %i hidden units', async (hidden) => {
    const set = sampleSet(4_000, 1);
    const { network } = await trainNetwork(set, sampleSet(1_000, 2), { rate: 0.01, hidden, seed: 1, epochs: 2, batch: 128, patience: 2 });
    const test = sampleSet(40_000, 3); // more than two scoring batches
    const session = await onnxSession(`test-${hidden}`, async () => exportOnnx(network));
    const scores = await scoreMatrix(session, test.x, 3);
    const own = predict(network, test.x, test.rows);
    let worst = 0;
    for (let i = 0; i < test.rows; i++) worst = Math.max(worst, Math.abs(scores[i]! - own[i]!));
    expect(worst).toBeLessThanOrEqual(1e-5);
  });
  it('is opened once a digest', async () => {
    const { network } = await trainNetwork(sampleSet(500, 1), sampleSet(500, 2), { rate: 0.01, hidden: 0, seed: 1, epochs: 1, batch: 128, patience: 1 });
    let loads = 0;
    const load = async (): Promise<Uint8Array> => {
      loads++;
      return exportOnnx(network);
    };
    expect(await onnxSession('once', load)).toBe(await onnxSession('once', load));
    expect(loads).toBe(1);
  });
  it('that could not be loaded is tried again', async () => {
    await expect(onnxSession('broken', async () => new Uint8Array([1, 2, 3]))).rejects.toThrow();
    const { network } = await trainNetwork(sampleSet(500, 1), sampleSet(500, 2), { rate: 0.01, hidden: 0, seed: 1, epochs: 1, batch: 128, patience: 1 });
    await expect(onnxSession('broken', async () => exportOnnx(network))).resolves.toBeDefined();
  });
});
