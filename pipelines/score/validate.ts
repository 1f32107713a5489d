/** Steps of flights.score: does the model fit, and which rows may it score? */
import { task, z } from 'heddle';
import { checkQuarantine } from '../../activities/scoring/check-rows.ts';
import { cutKeptRows } from '../../activities/scoring/cut-kept-rows.ts';
import { encodeKeptRows } from '../../activities/scoring/kept-rows.ts';
import { checkFeatures } from '../../activities/scoring/model-schema.ts';
import { onnxSession } from '../../activities/scoring/onnx-session.ts';
import { rowsPerShard } from '../../activities/scoring/plan-shards.ts';
import { RowSieve } from '../../activities/scoring/row-sieve.ts';
import { columnAlert, failOnShift, shiftedColumns } from '../../activities/scoring/shift.ts';
import { driftBetween } from '../../activities/training/drift.ts';
import { parseMeta } from '../../activities/training/model-meta.ts';
import { Delay, FeatureRow, Features, File, owner, Rejects } from '../data.ts';

/** What happens when the day is unlike the days of training, or its scores unlike those of the last run. */
export const OnShift = z.enum(['warn', 'fail']);
/** Kept rows of one shard: `first` counts kept rows. */
export const Kept = z.object({ first: z.int(), rows: z.int(), file: File });

/** Opens the exact version before any row is read: a broken model, or one of other features, fails here. */
export const resolveModel = task({
  name: 'flights.resolve_scoring_model',
  version: '1',
  owner,
  input: z.object({ model: Delay }),
  output: z.object({ model: Delay, features: z.array(z.string()) }),
  async run({ model }, ctx) {
    const { features } = parseMeta(await ctx.readArtifact(`${model.uri}/meta.json`));
    const opened = await onnxSession(model.digest, () => ctx.readArtifact(`${model.uri}/model.onnx`));
    checkFeatures(features, opened.width, Object.keys(FeatureRow.shape), `${model.name} ${model.version}`);
    return { model, features: [...features] };
  },
});

export const validateInput = task({
  name: 'flights.validate_input',
  version: '2',
  owner,
  input: z.object({ model: Delay, features: Features.slice, tolerate: z.number(), onShift: OnShift }),
  output: z.object({ kept: z.array(Kept), rows: z.int(), rejects: Rejects.slice, alerts: z.array(z.string()) }),
  async run({ model, features, tolerate, onShift }, ctx) {
    const meta = parseMeta(await ctx.readArtifact(`${model.uri}/meta.json`));
    const sieve = new RowSieve(meta, { keepRejects: Math.ceil(tolerate * features.rows) + 1 });
    const rejects: { flight: number; at: number; feature: string; reason: string; value: number }[] = [];
    async function* sifted() {
      for await (const { numRows, columns } of ctx.read(Features, features)) {
        const before = sieve.rows;
        yield sieve.sift(numRows, columns, columns.flight);
        for (const { row, feature, reason, value } of sieve.rejects.slice(rejects.length))
          rejects.push({ flight: columns.flight[row - before]!, at: columns.at[row - before]!, feature, reason, value });
        ctx.progress(sieve.rows, features.rows);
      }
    }
    const kept: z.infer<typeof Kept>[] = [];
    let rows = 0;
    for await (const piece of cutKeptRows(sifted(), rowsPerShard(features.rows))) {
      kept.push({ first: rows, rows: piece.rows, file: await ctx.artifact(`kept-${rows}.bin`, encodeKeptRows(piece)) });
      rows += piece.rows;
    }
    const drifts = driftBetween(meta.profile, sieve.profile());
    const alerts = shiftedColumns(drifts).map(columnAlert);
    for (const alert of alerts) ctx.log.warn(alert);
    checkQuarantine({ rows: sieve.rows, rejected: sieve.rejected, reasons: sieve.reasons, tolerate, drifts, model: `${model.name} ${model.version}` });
    failOnShift(alerts, onShift, `flights.features ${ctx.partition ?? ''}`);
    return { kept, rows, rejects: await ctx.write(Rejects, rejects), alerts };
  },
});
