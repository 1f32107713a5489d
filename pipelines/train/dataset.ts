/** Steps of flights.train: is there anything new, the training set split by time, its checks. */
import { task, z } from 'heddle';
import { breathing } from '../../activities/flights/breathe.ts';
import { AsOfError } from '../../activities/flights/delay-rates.ts';
import { gatherFeatures } from '../../activities/flights/feature-table.ts';
import { checkTrainingSet } from '../../activities/training/check-training-set.ts';
import { parseMeta } from '../../activities/training/model-meta.ts';
import { decodeTrainingSet, encodeTrainingSet, rowsBetween } from '../../activities/training/training-set.ts';
import { Delay, Features, File, owner } from '../data.ts';

/** Times are seconds since the epoch; train [from, validation), validation [validation, test), test [test, end). */
export const Split = z.object({ file: File, features: z.string(), rows: z.int(), from: z.int(), validation: z.int(), test: z.int(), end: z.int() });
const DAY_S = 86_400;
const TRAIN_DAYS = 28;
/** The last of the training days, kept for early stop and for the choice among trials. */
const VALIDATION_DAYS = 4;
const TEST_DAYS = 7;

export const whatsNew = task({
  name: 'flights.whats_new',
  version: '1',
  owner,
  input: z.object({ features: Features.slice, champion: Delay.nullable() }),
  output: z.object({ changed: z.boolean(), reason: z.string() }),
  async run({ features, champion }, ctx) {
    if (!champion) return { changed: true, reason: 'there is no champion yet' };
    const meta = parseMeta(await ctx.readArtifact(`${champion.uri}/meta.json`));
    return meta.data.features === features.digest
      ? { changed: false, reason: `champion ${champion.version} was trained on the same features` }
      : { changed: true, reason: `the features have changed since champion ${champion.version}` };
  },
});

export const buildDataset = task({
  name: 'flights.build_dataset',
  version: '1',
  owner,
  input: z.object({ features: Features.slice, asOf: z.iso.datetime() }),
  output: Split,
  timeout: '30m',
  async run({ features, asOf }, ctx) {
    const end = Date.parse(asOf) / 1000;
    const breathe = breathing(ctx.signal);
    async function* read() {
      let done = 0;
      for await (const batch of ctx.read(Features, features)) {
        yield batch;
        ctx.progress((done += batch.numRows), features.rows);
        await breathe();
      }
    }
    const set = await gatherFeatures(read(), features.rows);
    for (let i = 0; i < set.rows; i++) {
      const at = set.at[i]!;
      // a label is known a day after its flight
      if (at >= end) throw new AsOfError(`a row dated ${new Date(at * 1000).toISOString()}`, end);
      if (i > 0 && at < set.at[i - 1]! && Math.floor(at / DAY_S) < Math.floor(set.at[i - 1]! / DAY_S))
        throw new Error('the partitions did not come in the order of time');
    }
    const test = end - TEST_DAYS * DAY_S;
    const file = await ctx.artifact('training-set.bin', encodeTrainingSet(set));
    return { file, features: features.digest, rows: set.rows, from: test - TRAIN_DAYS * DAY_S, validation: test - VALIDATION_DAYS * DAY_S, test, end };
  },
});

export const validateData = task({
  name: 'flights.validate_data',
  version: '1',
  owner,
  input: z.object({ split: Split }),
  output: Split,
  async run({ split }, ctx) {
    const set = decodeTrainingSet(await ctx.readArtifact(split.file));
    checkTrainingSet(rowsBetween(set, split.from, split.validation), 'training');
    checkTrainingSet(rowsBetween(set, split.validation, split.test), 'validation');
    checkTrainingSet(rowsBetween(set, split.test, split.end), 'test');
    return split;
  },
});
