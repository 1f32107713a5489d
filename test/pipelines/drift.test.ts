/** The rows that are trained on against those that the champion knows. */
import { describe, expect, it } from 'vitest';
import { driftBetween } from '../../activities/training/drift.ts';
import { rangeProfile } from '../../activities/training/range-profile.ts';
import { encodeTrainingSet, type TrainingSet } from '../../activities/training/training-set.ts';
import { modelHandle } from '../../dsl/index.ts';
import { checkDrift } from '../../pipelines/train/dataset.ts';
import { sampleSet } from '../training/sample-set.ts';

const known = sampleSet(4_000, 1);
const rate = known.y.reduce((sum, late) => sum + late, 0) / known.rows;
const champion = modelHandle({ name: 'flights.delay', version: '7', uri: 'memory:champion', digest: 'd' });
const meta = { format: 1, features: known.features, profile: rangeProfile(known), baseRate: rate };

function check(set: TrainingSet, against: typeof champion | null = champion) {
  const at = (row: number): number => set.at[row]!;
  const data = {
    file: { uri: 'memory:set', digest: 'x', bytes: 1 },
    features: 'f',
    rows: set.rows,
    from: at(0),
    validation: at(set.rows - 2),
    test: at(set.rows - 1),
    end: at(set.rows - 1) + 1,
  };
  const files: Record<string, Uint8Array> = { 'memory:set': encodeTrainingSet(set), 'memory:champion/meta.json': Buffer.from(JSON.stringify(meta)) };
  return checkDrift.run({ data, champion: against }, { readArtifact: async (from) => files[typeof from === 'string' ? from : from.uri]! });
}
const shifted = (by: number): TrainingSet => {
  const set = sampleSet(4_000, 2);
  return { ...set, x: set.x.map((value, i) => (i % 3 === 1 ? value + by : value)) };
};

describe('drift', () => {
  it('of like rows is small, and the farthest feature is named all the same', async () => {
    const found = await check(sampleSet(4_000, 2));
    expect(found).toMatchObject({ against: '7', farthest: expect.any(String) });
    expect(Math.abs(found.sigmas)).toBeLessThan(0.2);
  });
  it('of a column that moved by more than three sigma fails the step, and names the column with its numbers', async () => {
    const { std } = meta.profile['b']!;
    await expect(check(shifted(3.2 * std!))).rejects.toThrow(/not like those of champion 7: b moved from -?0\.\d+ to 0\.\d+, 3\.\d sigma$/);
    expect(await check(shifted(2 * std!))).toMatchObject({ farthest: 'b' });
  });
  it('of the labels fails the step too', async () => {
    await expect(check({ ...sampleSet(4_000, 2), y: new Uint8Array(4_000).fill(1) })).rejects.toThrow(/share of late flights moved from 0\.\d+ to 1\.000/);
  });
  it('is not looked for while there is no champion', async () => {
    expect(await check(shifted(1_000), null)).toMatchObject({ against: null, sigmas: 0 });
  });
  it('against a profile without deviations is measured by the width of its range', () => {
    const old = Object.fromEntries(Object.entries(meta.profile).map(([name, { min, max, mean }]) => [name, { min, max, mean }]));
    const [first] = driftBetween(old, rangeProfile(shifted(2)));
    expect(first).toMatchObject({ feature: 'b' });
    expect(first!.sigmas).toBeCloseTo(2 * Math.sqrt(12), 0);
    expect(driftBetween({ a: { min: 1, max: 1, mean: 1, std: 0 } }, { a: { min: 1, max: 1, mean: 1 } })).toMatchObject([{ sigmas: 0 }]);
  });
});
