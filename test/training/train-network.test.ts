/** Training is honest, and resumes to the same bytes. */
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
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

  it.each([0, 8])('gives byte-equal weights when it is killed after any batch and resumed, with %i hidden units', async (hidden) => {
    const options = { ...OPTIONS, hidden, epochs: 3, batch: 500 };
    const saved: string[] = [];
    const whole = await trainNetwork(set, validation, options, {
      checkpoint: { everyMs: 0, save: async (state) => void saved.push(JSON.stringify(state)) },
    });
    const batches = Math.ceil(set.rows / options.batch) * whole.curve.length;
    expect(saved.length).toBe(batches);
    for (const text of saved) {
      const resumed = await trainNetwork(set, validation, options, { resume: JSON.parse(text) as TrainState });
      expect(Buffer.compare(exportOnnx(resumed.network), exportOnnx(whole.network))).toBe(0);
      expect(resumed.network.weights).toEqual(whole.network.weights);
      expect(resumed.curve.map(({ trainLoss, loss }) => [trainLoss, loss])).toEqual(whole.curve.map(({ trainLoss, loss }) => [trainLoss, loss]));
    }
  });

  it('gives byte-equal weights when it is killed again and again, at batches that chance picks', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 }), fc.integer({ min: 64, max: 700 }), async (lives, batch) => {
        const options = { ...OPTIONS, hidden: 3, epochs: 3, batch, rate: 0.3 }; // so high that the best epoch need not be the last
        const small = sampleSet(1_500, 1);
        const whole = await trainNetwork(small, sampleSet(500, 2), options);
        let disk: string | null = null;
        for (const life of [...lives, Infinity]) {
          let saves = 0;
          const killed = new Error('killed');
          try {
            const resume = disk === null ? null : (JSON.parse(disk) as TrainState);
            const save = async (state: TrainState): Promise<void> => {
              disk = JSON.stringify(state);
              if (++saves >= life) throw killed;
            };
            const { network } = await trainNetwork(small, sampleSet(500, 2), options, { resume, checkpoint: { everyMs: 0, save } });
            expect(network.weights).toEqual(whole.network.weights);
            return;
          } catch (error) {
            if (error !== killed) throw error;
          }
        }
      }),
      { numRuns: 25 },
    );
  });

  it('saves by time: not more often than it is told, and the last batch of an epoch with its result', async () => {
    const states: TrainState[] = [];
    let clock = 0;
    const now = vi.spyOn(performance, 'now').mockImplementation(() => (clock += 1));
    try {
      await trainNetwork(set, validation, { ...OPTIONS, epochs: 2 }, { checkpoint: { everyMs: 20, save: async (state) => void states.push(state) } });
    } finally {
      now.mockRestore();
    }
    const batches = 2 * Math.ceil(set.rows / OPTIONS.batch);
    expect(states.length).toBeGreaterThan(2);
    expect(states.length).toBeLessThan(batches / 5);
    expect(states.every(({ rows }) => rows < set.rows)).toBe(true);
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
