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
    const breathe = breathing(ctx.signal);
    const test = rowsBetween(decodeTrainingSet(await ctx.readArtifact(data.file)), data.test, data.end);
    const sessionOf = ({ uri, digest }: { uri: string; digest: string }) => onnxSession(digest, () => ctx.readArtifact(`${uri}/model.onnx`));
    const session = await sessionOf(model);
    const started = performance.now(); // after loading: what a serving process sees
    const scores = await scoreMatrix(session, test.x, test.features.length, breathe);
    const seconds = (performance.now() - started) / 1000;
    const champion = against && (await scoreMatrix(await sessionOf(against), test.x, test.features.length, breathe));
    const championSlices = new Map(champion ? sliceAucs(champion, test).map((slice) => [slice.slice, slice.auc]) : []);
    return {
      auc: auc(scores, test.y),
      ...(await aucInterval(scores, test.y, { draws: 100, seed: 1, breathe })),
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
