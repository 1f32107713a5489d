/** Steps of flights.score: shards, scoring, and the count of every row. */
import { task, z } from 'heddle';
import { accountForRows } from '../../activities/scoring/check-rows.ts';
import { modelFiles, planSliceShards, scoreSlice } from '../../activities/scoring/index.ts';
import { addScore, checkMean, emptyDistribution, failOnShift, scoreAlert } from '../../activities/scoring/shift.ts';
import { parseMeta } from '../../activities/training/model-meta.ts';
import { Delay, Features, File, owner, Scores } from '../data.ts';
import { OnShift } from './validate.ts';

/** Rows of the slice: from `first`, so many. */
const Shard = z.object({ id: z.string(), first: z.int(), count: z.int() });
/** Scores of a shard: a Parquet file with the rows that were scored, as the dataset has them. */
export const Part = Shard.extend({ file: File, scored: z.int(), failed: z.int(), quarantined: z.int(), sum: z.number(), bins: z.array(z.int()) });

export const planShards = task({
  name: 'flights.plan_shards',
  version: '3',
  owner,
  input: z.object({ features: Features.slice }),
  output: z.array(Shard),
  async run({ features }, ctx) {
    return planSliceShards(await ctx.files(Features, features));
  },
});

export const scoreShard = task({
  name: 'flights.score_shard',
  version: '3',
  owner,
  input: z.object({ shard: Shard, features: Features.slice, model: Delay }),
  output: Part,
  async run({ shard, features, model }, ctx) {
    const { file, summary } = await scoreSlice(ctx, {
      files: await ctx.files(Features, features),
      model: await modelFiles(ctx, model),
      keep: ['flight', 'at', 'origin', 'destination'],
      constants: { model: `${model.name}@${model.version}` },
      first: shard.first,
      count: shard.count,
      keepRejects: 0, // flights.validate_input has told them
    });
    const { scored, failed, quarantined, sum, bins } = summary;
    if (failed > 0) ctx.log.warn(`the model gave no number to ${failed} of ${shard.count} rows`);
    return { ...shard, file, scored, failed, quarantined, sum, bins: [...bins] };
  },
});

export const checkScores = task({
  name: 'flights.check_scores',
  version: '3',
  owner,
  input: z.object({ parts: z.array(Part), rows: z.int(), kept: z.int(), quarantined: z.int(), model: Delay, last: Scores.slice.nullable(), onShift: OnShift }),
  output: z.object({ parts: z.array(Part), failed: z.int(), mean: z.number(), alerts: z.array(z.string()) }),
  async run({ parts, rows, kept, quarantined, model, last, onShift }, ctx) {
    const total = (of: 'scored' | 'failed' | 'quarantined'): number => parts.reduce((sum, part) => sum + part[of], 0);
    const [scored, failed] = [total('scored'), total('failed')];
    accountForRows({ rows, kept, quarantined, scored, failed });
    // the shards look at each row again: they must find the same ones
    accountForRows({ rows, kept: scored + failed, quarantined: total('quarantined'), scored, failed });
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
