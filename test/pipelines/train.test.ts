/** flights.train in process, on made-up features: a real training, a real ONNX model, the gate and the approval. */
import { describe, expect, it } from 'vitest';
import { fails, runPipeline, takes } from '../../testing/index.ts';
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

  it('rejects a candidate that is worse than the champion, with the numbers, as a normal end', async () => {
    const slices = [{ slice: 'origin ORD', rows: 900, auc: 0.55, championAuc: 0.66 }];
    const report = {
      auc: 0.61,
      low: 0.6,
      high: 0.62,
      baseRate: 0.2,
      rows: 2_000,
      championAuc: 0.66,
      slices,
      rowsPerSecond: 1e6,
      latencyMs: 1,
      bytes: 400,
      metrics: { auc: 0.61 },
      bySlice: {},
    };
    const result = await run({ fakes: { ...fakes, 'flights.evaluate': report } });
    expect(result.status).toBe('done');
    expect((result.output as Output & { trained: { reasons: string[] } }).trained.reasons).toEqual([
      "AUC 0.6100 is under the champion's 0.6600",
      "origin ORD: AUC 0.5500 against the champion's 0.6600",
    ]);
    expect(result.order).not.toContain('news.good-enough.register');
    expect(result.order).not.toContain(`${HAND_OVER}.flights.prewarm`);
  });

  it('gives the same intervals and seed for the same partition and parameters', async () => {
    const plan = { from: Date.parse('2001-02-01T00:00:00Z') / 1000, seed: 7 };
    for (const clock of ['2001-03-08T03:00:00Z', '2026-01-01T00:00:00Z'])
      expect((await run({ clock, params: { seed: 7 } })).step('flights.resolve')?.output).toMatchObject({
        ...plan,
        says: expect.stringContaining('tests from 2001-03-01 to before 2001-03-08'),
      });
  });

  it('says how it ended after a failure and after a cancel too', async () => {
    const failed = await run({ fakes: { ...fakes, 'flights.build_dataset': fails('user', { message: 'no disk' }) } });
    expect([failed.status, failed.step('always.tell')?.status]).toEqual(['failed', 'done']);
    const cancelled = await run({ cancelAfter: '1s', fakes: { ...fakes, 'flights.build_dataset': takes('1h', {}) } });
    expect([cancelled.status, cancelled.step('always.tell')?.status]).toEqual(['cancelled', 'done']);
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
