/** Training is honest, and resumes to the same bytes. */
import { describe, expect, it } from 'vitest';
import { auc } from '../../activities/training/auc.ts';
import { predict } from '../../activities/training/network.ts';
import { exportOnnx } from '../../activities/training/onnx-export.ts';
import { trainNetwork, type TrainState } from '../../activities/training/train-network.ts';
import { sampleSet } from './sample-set.ts';

const OPTIONS = { rate: 0.01, hidden: 0, seed: 7, epochs: 6, batch: 128, patience: 2 };
const set = sampleSet(6_000, 1);
const validation = sampleSet(2_000, 2);

describe('training', () => {
  it.each([0, 8])('learns what the labels depend on, with %i hidden units', async (hidden) => {
    const { auc: found } = await trainNetwork(set, validation, { ...OPTIONS, hidden });
    expect(found).toBeGreaterThan(0.78);
  });

  it('finds nothing in labels that depend on nothing', async () => {
    const test = sampleSet(40_000, 5, { shuffled: true });
    const { network } = await trainNetwork(sampleSet(20_000, 3, { shuffled: true }), sampleSet(4_000, 4, { shuffled: true }), OPTIONS);
    expect(Math.abs(auc(predict(network, test.x, test.rows), test.y) - 0.5)).toBeLessThan(0.02);
  });

  it.each([0, 8])('gives byte-equal weights when it is killed after any epoch and resumed, with %i hidden units', async (hidden) => {
    const options = { ...OPTIONS, hidden };
    const saved: string[] = [];
    const whole = await trainNetwork(set, validation, options, {
      onEpoch: async (state) => void saved.push(JSON.stringify(state)),
    });
    expect(saved.length).toBeGreaterThan(1);
    for (const text of saved) {
      const resumed = await trainNetwork(set, validation, options, { resume: JSON.parse(text) as TrainState });
      expect(Buffer.compare(exportOnnx(resumed.network), exportOnnx(whole.network))).toBe(0);
      expect(resumed.network.weights).toEqual(whole.network.weights);
    }
  });

  it('depends on its seed', async () => {
    const one = await trainNetwork(set, validation, { ...OPTIONS, epochs: 1 });
    const other = await trainNetwork(set, validation, { ...OPTIONS, epochs: 1, seed: 8 });
    expect(one.network.weights).not.toEqual(other.network.weights);
  });

  it('stops when validation gets no better, and keeps the best epoch', async () => {
    const { curve, epoch, loss } = await trainNetwork(set, validation, { ...OPTIONS, rate: 0.5, epochs: 50 });
    expect(curve.length).toBeLessThan(50);
    expect(loss).toBe(Math.min(...curve.map((one) => one.loss)));
    expect(curve.length - epoch).toBe(2);
  });

  it('stops at once when it is cancelled', async () => {
    const cancelled = new Error('cancelled');
    const breathe = async (): Promise<void> => {
      throw cancelled;
    };
    await expect(trainNetwork(sampleSet(20_000, 1), validation, OPTIONS, { breathe })).rejects.toBe(cancelled);
  });
});
