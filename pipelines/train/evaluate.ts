/** Steps of flights.train: candidate and champion on the same test week, and the gate between them. */
import { task, z } from 'heddle';
import { breathing } from '../../activities/flights/breathe.ts';
import { onnxSession } from '../../activities/scoring/onnx-session.ts';
import { scoreMatrix } from '../../activities/scoring/score-matrix.ts';
import { auc, aucInterval } from '../../activities/training/auc.ts';
import { judge } from '../../activities/training/judge.ts';
import { rowLatencyMs } from '../../activities/training/row-latency.ts';
import { sliceAucs } from '../../activities/training/slice-auc.ts';
import { decodeTrainingSet, rowsBetween } from '../../activities/training/training-set.ts';
import { Delay, owner } from '../data.ts';
import { Split } from './dataset.ts';

export const Report = z.object({
  auc: z.number(),
  /** 95 % bootstrap interval. */
  low: z.number(),
  high: z.number(),
  baseRate: z.number(),
  rows: z.int(),
  championAuc: z.number().nullable(),
  slices: z.array(z.object({ slice: z.string(), rows: z.int(), auc: z.number(), championAuc: z.number().nullable() })),
  rowsPerSecond: z.number(),
  /** Median of one row alone. */
  latencyMs: z.number(),
  bytes: z.int(),
  /** The same for the registry. */
  metrics: z.record(z.string(), z.number()),
  bySlice: z.record(z.string(), z.record(z.string(), z.number())),
});

export const evaluate = task({
  name: 'flights.evaluate',
  version: '2',
  owner,
  input: z.object({ model: Delay, against: Delay.nullable(), data: Split }),
  output: Report,
  async run({ model, against, data }, ctx) {
    const breathe = breathing(ctx.signal);
    const test = rowsBetween(decodeTrainingSet(await ctx.readArtifact(data.file)), data.test, data.end);
    const width = test.features.length;
    const open = ({ uri, digest }: { uri: string; digest: string }) => onnxSession(digest, () => ctx.readArtifact(`${uri}/model.onnx`));
    const session = await open(model);
    const { length: bytes } = await ctx.readArtifact(`${model.uri}/model.onnx`);
    const latencyMs = await rowLatencyMs(test.x, width, (row) => scoreMatrix(session, row, width));
    const started = performance.now(); // after loading: what a serving process sees
    const scores = await scoreMatrix(session, test.x, width, breathe);
    const rowsPerSecond = Math.round((1000 * test.rows) / (performance.now() - started));
    const champion = against && (await scoreMatrix(await open(against), test.x, width, breathe));
    const championSlices = new Map(champion ? sliceAucs(champion, test).map((slice) => [slice.slice, slice.auc]) : []);
    const slices = sliceAucs(scores, test).map((slice) => ({ ...slice, championAuc: championSlices.get(slice.slice) ?? null }));
    const metrics = {
      auc: auc(scores, test.y),
      ...(await aucInterval(scores, test.y, { draws: 100, seed: 1, breathe })),
      baseRate: test.y.reduce((sum, late) => sum + late, 0) / test.rows,
      rows: test.rows,
    };
    for (const [name, value] of Object.entries(metrics)) ctx.track.metric(`test_${name}`, value);
    return {
      ...metrics,
      championAuc: champion && auc(champion, test.y),
      slices,
      rowsPerSecond,
      latencyMs,
      bytes,
      metrics,
      bySlice: Object.fromEntries(slices.map(({ slice, rows, auc: value }) => [slice, { auc: value, rows }])),
    };
  },
});

export const gate = task({
  name: 'flights.gate',
  version: '2',
  owner,
  input: z.object({ report: Report, minAuc: z.number() }),
  output: z.object({ pass: z.boolean(), reasons: z.array(z.string()), worst: z.string() }),
  async run({ report, minAuc }, ctx) {
    const reasons = judge(report, minAuc);
    for (const reason of reasons) ctx.log.warn(`rejected: ${reason}`);
    const [worst] = report.slices.toSorted((a, b) => a.auc - b.auc);
    return { pass: reasons.length === 0, reasons, worst: worst ? `${worst.slice} with AUC ${worst.auc.toFixed(4)}` : 'there are no slices' };
  },
});
