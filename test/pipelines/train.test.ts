/** flights.train in process, on made-up features: a real training, a real ONNX model, the gate and the approval. */
import { describe, expect, it } from 'vitest';
import { runPipeline } from '../../testing/index.ts';
import { train } from '../../pipelines/train.ts';
import { syntheticData } from './synthetic-features.ts';

/** Steps within branches carry their names. */
const HAND_OVER = 'news.good-enough.hand-over';
const PARTITION = { day: '2001-03-08' };
const { 'flights.features': features } = syntheticData('2001-03-08', 35, 300);
const register = ({ model }: { model: object }) => ({ model: { ...model, version: '1' } });
const promote = ({ model }: { model: object }) => ({ model, previous: null });
const fakes = { 'heddle.register_model': register, 'heddle.promote_model': promote, 'heddle.notify': null };
const run = (options: object) => runPipeline(train, { partition: PARTITION, data: { 'flights.features': features }, fakes, ...options });

interface Output {
  readonly reason: string;
  readonly trained: {
    readonly auc: number;
    readonly low: number;
    readonly high: number;
    readonly promoted: { readonly version: string; readonly started: object | null } | null;
  } | null;
}

describe('flights.train', () => {
  it('trains a model that is better than chance, asks, promotes it and hands its version over', async () => {
    const result = await run({ answers: { 'news.good-enough.asked.approve': { approved: true, by: 'ann' } } });
    expect(result.failures).toEqual([]);
    const { trained } = result.output as Output;
    expect(trained?.auc).toBeGreaterThan(0.65);
    expect(trained?.low).toBeLessThan(trained!.auc);
    expect(trained?.promoted?.version).toBe('1');
    expect(trained?.promoted?.started).not.toBeNull();
    expect(result.step('news.trials[0].flights.train_one')?.status).toBe('done');
    expect(result.order.indexOf(`${HAND_OVER}.promote`)).toBeLessThan(result.order.indexOf(`${HAND_OVER}.flights.score`));
  });

  it('keeps the champion when nobody approves in time', async () => {
    const result = await run({});
    expect(result.status).toBe('done');
    expect((result.output as Output).trained?.promoted?.started).toBeNull();
    expect(result.order).not.toContain(`${HAND_OVER}.promote`);
  });

  it('ends normally, with the reasons, when the model is not good enough', async () => {
    const result = await run({ params: { minAuc: 0.99 } });
    expect(result.status).toBe('done');
    expect((result.output as Output & { trained: { reasons: string[] } }).trained.reasons[0]).toMatch(/under the floor 0.99/);
    expect(result.order).not.toContain('news.good-enough.register');
  });

  it('does nothing when the champion saw the same features', async () => {
    const result = await run({ fakes: { ...fakes, 'flights.whats_new': { changed: false, reason: 'champion 3 was trained on the same features' } } });
    expect(result.status).toBe('done');
    expect((result.output as Output).trained).toBeNull();
    expect(result.order).not.toContain('news.flights.build_dataset');
  });

  it('gives the same model for the same seed, and another for another', async () => {
    const digestOf = async (seed: number) => {
      const result = await run({ params: { seed, ask: false, grid: [{ hidden: 0, rate: 0.003 }] } });
      return JSON.stringify(result.step('news.flights.pick_best')?.output as { loss: number; auc: number });
    };
    expect(await digestOf(1)).toBe(await digestOf(1));
    expect(await digestOf(1)).not.toBe(await digestOf(2));
  });

  it('fails the step whose features are dated after the as-of time', async () => {
    const day = features['2001-03-07']!;
    const late = [...day.slice(1), { ...day[0], at: Date.parse('2001-03-08T00:00:00Z') / 1000 }];
    const result = await run({ data: { 'flights.features': { ...features, '2001-03-07': late } } });
    expect(result.status).toBe('failed');
    expect(result.failures[0]?.step).toBe('news.flights.build_dataset');
    expect(result.failures[0]?.failure.message).toMatch(/2001-03-08T00:00:00.000Z is not before the as-of time/);
  });
});
