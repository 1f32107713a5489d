/** Steps of flights.score: does the model fit, and which rows may it score? */
import { task, z } from 'heddle';
import { checkQuarantine } from '../../activities/scoring/check-rows.ts';
import { modelFiles, sieveSlice } from '../../activities/scoring/index.ts';
import { checkFeatures } from '../../activities/scoring/model-schema.ts';
import { onnxSession } from '../../activities/scoring/onnx-session.ts';
import { columnAlert, failOnShift, shiftedColumns } from '../../activities/scoring/shift.ts';
import { driftBetween } from '../../activities/training/drift.ts';
import { parseMeta } from '../../activities/training/model-meta.ts';
import { Delay, FeatureRow, Features, owner, Rejects } from '../data.ts';

/** What happens when the day is unlike the days of training, or its scores unlike those of the last run. */
export const OnShift = z.enum(['warn', 'fail']);

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
  version: '3',
  owner,
  input: z.object({ model: Delay, features: Features.slice, tolerate: z.number(), onShift: OnShift }),
  output: z.object({ rows: z.int(), rejects: Rejects.slice, alerts: z.array(z.string()) }),
  async run({ model, features, tolerate, onShift }, ctx) {
    const opened = await modelFiles(ctx, model);
    const keepRejects = Math.ceil(tolerate * features.rows) + 1; // more of them fail the run
    const sieved = await sieveSlice(ctx, { files: await ctx.files(Features, features), model: opened, keep: ['flight', 'at'], keepRejects });
    const drifts = driftBetween(opened.schema.profile, sieved.profile);
    const alerts = shiftedColumns(drifts).map(columnAlert);
    for (const alert of alerts) ctx.log.warn(alert);
    const { rows, quarantined: rejected, reasons } = sieved;
    checkQuarantine({ rows, rejected, reasons: new Map(Object.entries(reasons)), tolerate, drifts, model: `${model.name} ${model.version}` });
    failOnShift(alerts, onShift, `flights.features ${ctx.partition ?? ''}`);
    const rejects = sieved.rejects.map(({ key, feature, reason, value }) => ({
      flight: Number(key['flight']),
      at: Number(key['at']),
      feature,
      reason,
      value: value ?? 0,
    }));
    return { rows: rows - rejected, rejects: await ctx.write(Rejects, rejects), alerts };
  },
});
