/** Steps of flights.train: what the run is about, is there anything new, the training set split by time, its checks. */
import { task, z } from 'heddle';
import { breathing } from '../../activities/flights/breathe.ts';
import { AsOfError } from '../../activities/flights/delay-rates.ts';
import { gatherFeatures } from '../../activities/flights/feature-table.ts';
import { checkTrainingSet } from '../../activities/training/check-training-set.ts';
import { driftBetween } from '../../activities/training/drift.ts';
import { parseMeta } from '../../activities/training/model-meta.ts';
import { rangeProfile } from '../../activities/training/range-profile.ts';
import { decodeTrainingSet, encodeTrainingSet, rowsBetween } from '../../activities/training/training-set.ts';
import { Delay, Features, File, owner } from '../data.ts';

/** Seconds since the epoch; train [from, validation), validation [validation, test), test [test, end). */
const Interval = { from: z.int(), validation: z.int(), test: z.int(), end: z.int() };
export const Split = z.object({ file: File, features: z.string(), rows: z.int(), ...Interval });
const DAY_S = 86_400;
const TRAIN_DAYS = 28;
/** The last of the training days, kept for early stop and for the choice among trials. */
const VALIDATION_DAYS = 4;
const TEST_DAYS = 7;

/** What the run is about, from its partition and parameters alone: the same trigger gives the same intervals and seed, whenever it runs. */
export const resolve = task({
  name: 'flights.resolve',
  version: '1',
  owner,
  input: z.object({ asOf: z.iso.datetime(), seed: z.int() }),
  output: z.object({ ...Interval, seed: z.int(), says: z.string() }),
  async run({ asOf, seed }, ctx) {
    const end = Date.parse(asOf) / 1000;
    const test = end - TEST_DAYS * DAY_S;
    const interval = { from: test - TRAIN_DAYS * DAY_S, validation: test - VALIDATION_DAYS * DAY_S, test, end };
    const day = (at: number): string => new Date(at * 1000).toISOString().slice(0, 10);
    const says = `trains from ${day(interval.from)}, validates from ${day(interval.validation)}, tests from ${day(test)} to before ${day(end)}, seed ${seed}`;
    ctx.log.info(says);
    return { ...interval, seed, says };
  },
});

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
  version: '2',
  owner,
  input: z.object({ features: Features.slice, interval: z.object(Interval) }),
  output: Split,
  timeout: '30m',
  async run({ features, interval }, ctx) {
    const { end } = interval;
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
    const file = await ctx.artifact('training-set.bin', encodeTrainingSet(set));
    return { file, features: features.digest, rows: set.rows, from: interval.from, validation: interval.validation, test: interval.test, end };
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

/** Beyond that the rows of now are others than those that the champion knows, and a person looks first. */
const MAX_SIGMAS = 3;
/** Worth a line in the log. */
const NOTABLE_SIGMAS = 1;
const MAX_RATE_SHIFT = 0.15;

export const checkDrift = task({
  name: 'flights.check_drift',
  version: '1',
  owner,
  input: z.object({ data: Split, champion: Delay.nullable() }),
  output: z.object({ data: Split, against: z.string().nullable(), farthest: z.string().nullable(), sigmas: z.number() }),
  async run({ data, champion }, ctx) {
    if (!champion) return { data, against: null, farthest: null, sigmas: 0 };
    const rows = rowsBetween(decodeTrainingSet(await ctx.readArtifact(data.file)), data.from, data.validation);
    const meta = parseMeta(await ctx.readArtifact(`${champion.uri}/meta.json`));
    const drifts = driftBetween(meta.profile, rangeProfile(rows));
    const said = drifts.map(({ feature, was, is, sigmas }) => `${feature} moved from ${was.toFixed(3)} to ${is.toFixed(3)}, ${sigmas.toFixed(1)} sigma`);
    for (const [i, { sigmas }] of drifts.entries()) if (Math.abs(sigmas) > NOTABLE_SIGMAS) ctx.log.warn(said[i]!); // one line each
    const tooFar = said.filter((_, i) => Math.abs(drifts[i]!.sigmas) > MAX_SIGMAS);
    const rate = rows.y.reduce((sum, late) => sum + late, 0) / rows.rows;
    if (Math.abs(rate - meta.baseRate) > MAX_RATE_SHIFT) tooFar.push(`the share of late flights moved from ${meta.baseRate.toFixed(3)} to ${rate.toFixed(3)}`);
    if (tooFar.length > 0) throw new Error(`the training rows are not like those of champion ${champion.version}: ${tooFar.join('; ')}`);
    const [farthest] = drifts;
    return { data, against: champion.version, farthest: farthest?.feature ?? null, sigmas: farthest?.sigmas ?? 0 };
  },
});
