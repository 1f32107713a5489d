/** The pure parts of scoring: shards, counts, what has shifted. */
import { describe, expect, it } from 'vitest';
import { accountForRows, checkQuarantine, checkShards } from '../../activities/scoring/check-rows.ts';
import { checkFeatures, type ModelSchema } from '../../activities/scoring/model-schema.ts';
import { planShards, rowsPerShard } from '../../activities/scoring/plan-shards.ts';
import {
  addScore,
  checkMean,
  columnAlert,
  emptyDistribution,
  failOnShift,
  scoreAlert,
  shiftedColumns,
  stabilityIndex,
} from '../../activities/scoring/shift.ts';
import { driftBetween } from '../../activities/training/drift.ts';
import { seededRandom } from '../../activities/training/seeded-order.ts';

const schema: ModelSchema = { features: ['a', 'b'], profile: { a: { min: 0, max: 1, mean: 0.5, std: 0.3 }, b: { min: 10, max: 20, mean: 15, std: 3 } } };
describe('shards', () => {
  it('cover each row once, with ids that say where they begin', () => {
    expect(planShards(20, 8)).toEqual([
      { id: 'rows-00000000', first: 0, count: 8 },
      { id: 'rows-00000008', first: 8, count: 8 },
      { id: 'rows-00000016', first: 16, count: 4 },
    ]);
    expect(planShards(0, 8)).toEqual([]);
  });
  it('are a hundred at most', () => {
    for (const rows of [0, 1, 16_500, 3_000_000, 123_456_789]) expect(planShards(rows, rowsPerShard(rows)).length).toBeLessThanOrEqual(100);
  });
});

describe('the counts of a run', () => {
  it('must add up to the row', () => {
    const counts = { rows: 10, kept: 8, quarantined: 2, scored: 7, failed: 1 };
    expect(() => accountForRows(counts)).not.toThrow();
    for (const wrong of [{ scored: 6 }, { scored: 8 }, { quarantined: 1 }, { failed: 0 }, { rows: 11 }])
      expect(() => accountForRows({ ...counts, ...wrong })).toThrow(expect.objectContaining({ code: 'HDL-ROWS-LOST' }) as Error);
  });
  it('must have each shard once, in order', () => {
    const shard = (first: number, count: number) => ({ id: `rows-${first}`, first, count });
    expect(() => checkShards(10, [shard(0, 4), shard(4, 6)])).not.toThrow();
    expect(() => checkShards(0, [])).not.toThrow();
    for (const shards of [[shard(0, 4)], [shard(4, 6)], [shard(0, 4), shard(0, 4), shard(4, 6)], [shard(4, 6), shard(0, 4)], []])
      expect(() => checkShards(10, shards)).toThrow(expect.objectContaining({ code: 'HDL-ROWS-LOST' }) as Error);
  });
  it('may have so many bad rows and no more; the error has the numbers and names a shifted column', () => {
    const drifts = driftBetween(schema.profile!, { a: { min: 5, max: 6, mean: 5.5 } });
    const quarantined = {
      rows: 1_000,
      reasons: new Map([
        ['b null', 3],
        ['a above the range', 18],
      ]),
      tolerate: 0.02,
      drifts,
      model: 'm 1',
    };
    expect(() => checkQuarantine({ ...quarantined, rejected: 20 })).not.toThrow();
    expect(() => checkQuarantine({ ...quarantined, rejected: 21 })).toThrow(expect.objectContaining({ code: 'HDL-QUARANTINE' }) as Error);
    expect(() => checkQuarantine({ ...quarantined, rejected: 21 })).toThrow(
      /21 of 1000 rows \(2.1 %\) cannot be scored, and 2 % may be so \(a above the range: 18, b null: 3\)[\s\S]*column a has shifted by 16.7 standard/,
    );
  });
});

describe('a shift', () => {
  it('of a column by three deviations is told by name, with the numbers; by less it is none', () => {
    const day = (mean: number) => driftBetween(schema.profile!, { a: { min: 0, max: 9, mean }, b: { min: 10, max: 20, mean: 15 } });
    expect(shiftedColumns(day(1.39))).toEqual([]);
    expect(shiftedColumns(day(1.41)).map(columnAlert)).toEqual(['column a has shifted by 3.0 standard deviations: its mean is 1.41, and was 0.5 in training']);
    expect(shiftedColumns(day(-0.5)).map(columnAlert)[0]).toMatch(/^column a has shifted by -3.3/);
  });
  const sample = (count: number, seed: number, of: (uniform: number) => number) => {
    const random = seededRandom(seed);
    const made = emptyDistribution();
    for (let i = 0; i < count; i++) addScore(made, of(random()));
    return made;
  };
  it('of the scores is told with both means; samples of one distribution are none', () => {
    const low = sample(5_000, 1, (u) => 0.3 * u);
    expect(
      stabilityIndex(
        low,
        sample(3_000, 2, (u) => 0.3 * u),
      ),
    ).toBeLessThan(0.02);
    expect(
      scoreAlert(
        low,
        sample(3_000, 2, (u) => 0.3 * u),
        '2001-03-07',
      ),
    ).toBeNull();
    expect(
      scoreAlert(
        low,
        sample(3_000, 3, (u) => 0.3 + 0.3 * u),
        '2001-03-07',
      ),
    ).toMatch(/moved away from those of 2001-03-07 \(stability index \d.*mean is 0.45, and was 0.149/);
    expect(
      scoreAlert(
        sample(50, 1, () => 0.1),
        sample(50, 1, () => 0.9),
        'x',
      ),
    ).toBeNull(); // too few to say
  });
  it('fails the step only where that is declared', () => {
    expect(() => failOnShift(['column a has shifted'], 'warn', 'here')).not.toThrow();
    expect(() => failOnShift([], 'fail', 'here')).not.toThrow();
    expect(() => failOnShift(['column a has shifted'], 'fail', 'here')).toThrow(
      expect.objectContaining({ code: 'HDL-SHIFTED', what: 'Column a has shifted.' }) as Error,
    );
  });
  it('of the mean score far from the base rate of training always fails', () => {
    expect(() => checkMean(0.3, 0.2, 'm')).not.toThrow();
    for (const mean of [0.36, 0.04, NaN]) expect(() => checkMean(mean, 0.2, 'm')).toThrow(expect.objectContaining({ code: 'HDL-SHIFTED' }) as Error);
  });
});

describe('the features of a model', () => {
  it('must be columns of the rows, and as many as it takes', () => {
    expect(() => checkFeatures(['a', 'b'], 2, ['b', 'a', 'c'], 'm')).not.toThrow();
    expect(() => checkFeatures(['a', 'b'], null, ['a', 'b'], 'm')).not.toThrow();
    expect(() => checkFeatures(['a', 'd'], 2, ['a', 'b'], 'm')).toThrow(/takes d, and the rows have no such column/);
    expect(() => checkFeatures(['a', 'b'], 3, ['a', 'b'], 'm')).toThrow(expect.objectContaining({ code: 'HDL-MODEL-INPUT' }) as Error);
  });
});
