/** Steps of flights.score: quarantine, shards, scoring, and the count of every row. */
import { task, z } from 'heddle';
import { breathing } from '../../activities/flights/breathe.ts';
import { gatherFeatures } from '../../activities/flights/feature-table.ts';
import { decodeKeptRows, encodeKeptRows } from '../../activities/scoring/kept-rows.ts';
import { onnxSession } from '../../activities/scoring/onnx-session.ts';
import { planShards } from '../../activities/scoring/plan-shards.ts';
import { partRows } from '../../activities/scoring/quarantine.ts';
import { scoreMatrix } from '../../activities/scoring/score-matrix.ts';
import { parseMeta } from '../../activities/training/model-meta.ts';
import { Delay, Features, File, owner, Rejects } from '../data.ts';

const Shard = z.object({ id: z.string(), first: z.int(), count: z.int() });
/** Scores of a shard: float32, in the order of its rows. */
export const Part = z.object({ id: z.string(), first: z.int(), rows: z.int(), file: File, sum: z.number() });
const ROWS_PER_SHARD = 8_192;
/** How far the mean score may lie from the share of late flights in training. */
const MAX_SHIFT = 0.15;

export const validateInput = task({
  name: 'flights.validate_input',
  version: '1',
  owner,
  input: z.object({ model: Delay, features: Features.slice, tolerate: z.number() }),
  output: z.object({ kept: File, rows: z.int(), rejects: Rejects.slice }),
  async run({ model, features, tolerate }, ctx) {
    const meta = parseMeta(await ctx.readArtifact(`${model.uri}/meta.json`));
    const { kept, rejects } = partRows(await gatherFeatures(ctx.read(Features, features), features.rows), meta);
    if (rejects.length > tolerate * features.rows) {
      throw new Error(
        `${rejects.length} of ${features.rows} rows are out of the range of model ${model.version}, first by ${rejects[0]?.feature}: more than ${100 * tolerate} %`,
      );
    }
    return { kept: await ctx.artifact('kept-rows.bin', encodeKeptRows(kept)), rows: kept.rows, rejects: await ctx.write(Rejects, rejects) };
  },
});

export const planShardsOf = task({
  name: 'flights.plan_shards',
  version: '1',
  owner,
  input: z.object({ rows: z.int(), perShard: z.int().default(ROWS_PER_SHARD) }),
  output: z.array(Shard),
  async run({ rows, perShard }) {
    return planShards(rows, perShard);
  },
});

export const scoreShard = task({
  name: 'flights.score_shard',
  version: '1',
  owner,
  input: z.object({ shard: Shard, kept: File, model: Delay }),
  output: Part,
  async run({ shard, kept, model }, ctx) {
    const { x, rows } = decodeKeptRows(await ctx.readArtifact(kept));
    const width = x.length / rows;
    const session = await onnxSession(model.digest, () => ctx.readArtifact(`${model.uri}/model.onnx`));
    const scores = await scoreMatrix(session, x.subarray(shard.first * width, (shard.first + shard.count) * width), width, breathing(ctx.signal));
    const file = await ctx.artifact('scores.bin', new Uint8Array(scores.buffer));
    return { id: shard.id, first: shard.first, rows: scores.length, file, sum: scores.reduce((sum, value) => sum + value, 0) };
  },
});

export const checkScores = task({
  name: 'flights.check_scores',
  version: '1',
  owner,
  input: z.object({ parts: z.array(Part), rows: z.int(), kept: z.int(), quarantined: z.int(), model: Delay }),
  output: z.object({ parts: z.array(Part), mean: z.number() }),
  async run({ parts, rows, kept, quarantined, model }, ctx) {
    const scored = parts.reduce((sum, part) => sum + part.rows, 0);
    if (scored !== kept || kept + quarantined !== rows)
      throw new Error(`rows do not add up: ${rows} in, ${scored} scored of ${kept} kept, ${quarantined} quarantined`);
    const mean = scored === 0 ? 0 : parts.reduce((sum, part) => sum + part.sum, 0) / scored;
    const { baseRate } = parseMeta(await ctx.readArtifact(`${model.uri}/meta.json`));
    if (!(Math.abs(mean - baseRate) <= MAX_SHIFT))
      throw new Error(`the mean score is ${mean.toFixed(3)}, and in training ${baseRate.toFixed(3)} of the flights were late`);
    return { parts, mean };
  },
});
