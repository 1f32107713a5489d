/** Steps of flights.train: one trial of the grid, resumable after any batch, and the best of them by validation. */
import { modelHandle, task, z } from 'heddle';
import { breathing } from '../../activities/flights/breathe.ts';
import type { ModelMeta } from '../../activities/training/model-meta.ts';
import { exportOnnx } from '../../activities/training/onnx-export.ts';
import { rangeProfile } from '../../activities/training/range-profile.ts';
import { trainNetwork, type TrainState } from '../../activities/training/train-network.ts';
import { decodeTrainingSet, rowsBetween } from '../../activities/training/training-set.ts';
import { Delay, owner } from '../data.ts';
import { Split } from './dataset.ts';

const EPOCHS = 12;
const BATCH = 512;
/** A kill costs at most so much. */
const CHECKPOINT_MS = 2_000;
export const Trial = z.object({ model: Delay, auc: z.number(), loss: z.number(), hidden: z.int(), rate: z.number(), epoch: z.int(), bytes: z.int() });

export const trainOne = task({
  name: 'flights.train_one',
  version: '1',
  owner,
  input: z.object({ data: Split, point: z.object({ hidden: z.int(), rate: z.number() }), seed: z.int() }),
  output: Trial,
  timeout: '4h',
  async run({ data, point, seed }, ctx) {
    const set = decodeTrainingSet(await ctx.readArtifact(data.file));
    const rows = rowsBetween(set, data.from, data.validation);
    const resume = await ctx.checkpoint.load<TrainState>();
    if (resume) ctx.log.info(`goes on after epoch ${resume.epoch} and ${resume.rows} rows`);
    ctx.track.params({ ...point, seed, batch: BATCH, epochs: EPOCHS, rows: rows.rows, features: set.features.join(' ') });
    const trained = await trainNetwork(
      rows,
      rowsBetween(set, data.validation, data.test),
      { ...point, seed, epochs: EPOCHS, batch: BATCH, patience: 2 },
      {
        resume,
        breathe: breathing(ctx.signal),
        checkpoint: { everyMs: CHECKPOINT_MS, save: (state) => ctx.checkpoint.save(state) },
        onProgress({ epoch, rows: done, of, loss, rowsPerSecond }) {
          ctx.progress((epoch - 1) * of + done, EPOCHS * of, `epoch ${epoch}, loss ${loss.toFixed(5)}, ${rowsPerSecond} rows/s`);
        },
        onEpoch({ epoch, trainLoss, loss, rowsPerSecond }) {
          ctx.track.metric('train_loss', trainLoss, epoch);
          ctx.track.metric('validation_loss', loss, epoch);
          ctx.track.metric('rows_per_second', rowsPerSecond, epoch);
        },
      },
    );
    const weights = await ctx.artifact('model/model.onnx', exportOnnx(trained.network));
    const meta: ModelMeta = {
      format: 1,
      features: set.features,
      profile: rangeProfile(rows),
      baseRate: rows.y.reduce((sum, late) => sum + late, 0) / rows.rows,
      ...point,
      seed,
      epoch: trained.epoch,
      validationAuc: trained.auc,
      data: { digest: data.file.digest, features: data.features, rows: rows.rows },
      environment: { node: process.versions.node, arch: process.arch },
    };
    const described = await ctx.artifact('model/meta.json', JSON.stringify(meta, null, 1));
    ctx.track.metric('validation_auc', trained.auc);
    ctx.track.artifact(weights, 'model/model.onnx');
    ctx.track.artifact(described, 'model/meta.json');
    const model = modelHandle({ name: 'flights.delay', version: 'unregistered', uri: weights.uri.replace(/\/model\.onnx$/, ''), digest: weights.digest });
    return { model, auc: trained.auc, loss: trained.loss, hidden: point.hidden, rate: point.rate, epoch: trained.epoch, bytes: weights.bytes };
  },
});

export const pickBest = task({
  name: 'flights.pick_best',
  version: '1',
  owner,
  input: z.object({ trials: z.array(Trial) }),
  output: Trial,
  async run({ trials }, ctx) {
    const [best] = trials.toSorted((a, b) => a.loss - b.loss);
    if (!best) throw new Error('the grid is empty: give at least one { hidden, rate }');
    ctx.log.info(`best by validation loss: hidden ${best.hidden}, rate ${best.rate}, AUC ${best.auc.toFixed(4)}`);
    return best;
  },
});
