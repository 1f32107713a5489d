/** Steps of flights.train: candidate and champion on the same test week, and the gate between them. */
import { task, z } from 'heddle';
import { breathing } from '../../activities/flights/breathe.ts';
import { onnxSession } from '../../activities/scoring/onnx-session.ts';
import { scoreMatrix } from '../../activities/scoring/score-matrix.ts';
import { auc, aucInterval } from '../../activities/training/auc.ts';
import { judge } from '../../activities/training/judge.ts';
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
});

export const evaluate = task({
  name: 'flights.evaluate',
  version: '1',
  owner,
  input: z.object({ model: Delay, against: Delay.nullable(), data: Split }),
  output: Report,
  async run({ model, against, data }, ctx) {
    const test = rowsBetween(decodeTrainingSet(await ctx.readArtifact(data.file)), data.test, data.end);
    const scoresOf = async ({ uri, digest }: { uri: string; digest: string }): Promise<Float32Array> =>
      scoreMatrix(await onnxSession(digest, () => ctx.readArtifact(`${uri}/model.onnx`)), test.x, test.features.length, breathing(ctx.signal));
    const started = performance.now();
    const scores = await scoresOf(model);
    const seconds = (performance.now() - started) / 1000;
    const champion = against && (await scoresOf(against));
    const championSlices = new Map(champion ? sliceAucs(champion, test).map((slice) => [slice.slice, slice.auc]) : []);
    return {
      auc: auc(scores, test.y),
      ...aucInterval(scores, test.y, { draws: 100, seed: 1 }),
      baseRate: test.y.reduce((sum, late) => sum + late, 0) / test.rows,
      rows: test.rows,
      championAuc: champion && auc(champion, test.y),
      slices: sliceAucs(scores, test).map((slice) => ({ ...slice, championAuc: championSlices.get(slice.slice) ?? null })),
      rowsPerSecond: Math.round(test.rows / seconds),
    };
  },
});

export const gate = task({
  name: 'flights.gate',
  version: '1',
  owner,
  input: z.object({ report: Report, minAuc: z.number() }),
  output: z.object({ pass: z.boolean(), reasons: z.array(z.string()) }),
  async run({ report, minAuc }) {
    const reasons = judge(report, minAuc);
    return { pass: reasons.length === 0, reasons };
  },
});
