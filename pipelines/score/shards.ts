/** Steps of flights.score: shards, scoring, and the count of every row. */
import { task, z } from 'heddle';
import { breathing } from '../../activities/flights/breathe.ts';
import { accountForRows } from '../../activities/scoring/check-rows.ts';
import { decodeKeptRows } from '../../activities/scoring/kept-rows.ts';
import { onnxSession } from '../../activities/scoring/onnx-session.ts';
import { shardId } from '../../activities/scoring/plan-shards.ts';
import { scoreMatrix } from '../../activities/scoring/score-matrix.ts';
import { addScore, checkMean, emptyDistribution, failOnShift, scoreAlert } from '../../activities/scoring/shift.ts';
import { parseMeta } from '../../activities/training/model-meta.ts';
import { Delay, File, owner, Scores } from '../data.ts';
import { Kept, OnShift } from './validate.ts';

const Shard = Kept.extend({ id: z.string() });
/** Scores of a shard: float32, in the order of its rows; not a number where the model failed. `kept`: the rows' own file. */
export const Part = Shard.extend({ kept: File, failed: z.int(), sum: z.number(), bins: z.array(z.int()) });

export const planShards = task({
  name: 'flights.plan_shards',
  version: '2',
  owner,
  input: z.object({ kept: z.array(Kept) }),
  output: z.array(Shard),
  async run({ kept }) {
    return kept.map((piece) => ({ ...piece, id: shardId(piece.first) }));
  },
});

export const scoreShard = task({
  name: 'flights.score_shard',
  version: '2',
  owner,
  input: z.object({ shard: Shard, model: Delay }),
  output: Part,
  async run({ shard, model }, ctx) {
    const { x, rows } = decodeKeptRows(await ctx.readArtifact(shard.file));
    const session = await onnxSession(model.digest, () => ctx.readArtifact(`${model.uri}/model.onnx`));
    const scores = await scoreMatrix(session, x, x.length / rows, breathing(ctx.signal));
    const distribution = emptyDistribution();
    let failed = 0;
    for (const score of scores) {
      if (Number.isFinite(score)) addScore(distribution, score);
      else failed++;
    }
    if (failed > 0) ctx.log.warn(`the model gave no number to ${failed} of ${rows} rows`);
    return { ...shard, kept: shard.file, file: await ctx.artifact('scores.bin', new Uint8Array(scores.buffer)), failed, ...distribution };
  },
});

export const checkScores = task({
  name: 'flights.check_scores',
  version: '2',
  owner,
  input: z.object({ parts: z.array(Part), rows: z.int(), kept: z.int(), quarantined: z.int(), model: Delay, last: Scores.slice.nullable(), onShift: OnShift }),
  output: z.object({ parts: z.array(Part), failed: z.int(), mean: z.number(), alerts: z.array(z.string()) }),
  async run({ parts, rows, kept, quarantined, model, last, onShift }, ctx) {
    const failed = parts.reduce((sum, part) => sum + part.failed, 0);
    const scored = parts.reduce((sum, part) => sum + part.rows, 0) - failed;
    accountForRows({ rows, kept, quarantined, scored, failed });
    const now = emptyDistribution();
    for (const part of parts) {
      now.sum += part.sum;
      for (const [i, count] of part.bins.entries()) now.bins[i]! += count;
    }
    const mean = scored === 0 ? 0 : now.sum / scored;
    const where = `${model.name} ${model.version}`;
    checkMean(mean, parseMeta(await ctx.readArtifact(`${model.uri}/meta.json`)).baseRate, where);
    const then = last && (await lastDay(ctx.read(Scores, last, { columns: ['at', 'score'] })));
    const alert = then && scoreAlert(then, now, new Date(then.day * 86_400_000).toISOString().slice(0, 10));
    if (!then) ctx.log.info('no scores of the 7 days before: nothing to compare with');
    if (alert) ctx.log.warn(alert);
    failOnShift(alert ? [alert] : [], onShift, where);
    return { parts, failed, mean, alerts: alert ? [alert] : [] };
  },
});

/** Distribution of the newest day in it, days since the epoch; null: there is none. */
async function lastDay(
  batches: AsyncIterable<{ readonly numRows: number; readonly columns: { readonly at: ArrayLike<number>; readonly score: ArrayLike<number> } }>,
) {
  let newest: ({ day: number } & ReturnType<typeof emptyDistribution>) | null = null;
  for await (const { numRows, columns } of batches) {
    for (let i = 0; i < numRows; i++) {
      const day = Math.floor(Number(columns.at[i]) / 86_400);
      if (!newest || day > newest.day) newest = { day, ...emptyDistribution() };
      if (day === newest.day) addScore(newest, columns.score[i]!);
    }
  }
  return newest;
}
