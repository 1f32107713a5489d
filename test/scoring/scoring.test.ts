/** The pure parts of scoring: which rows are kept, shards, scores beside their rows, what has shifted. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { accountForRows, checkQuarantine } from '../../activities/scoring/check-rows.ts';
import { cutKeptRows } from '../../activities/scoring/cut-kept-rows.ts';
import { decodeKeptRows, encodeKeptRows, type KeptRows } from '../../activities/scoring/kept-rows.ts';
import { checkFeatures, type ModelSchema } from '../../activities/scoring/model-schema.ts';
import { planShards, rowsPerShard } from '../../activities/scoring/plan-shards.ts';
import { RowSieve } from '../../activities/scoring/row-sieve.ts';
import { ScoreColumns, type ShardScores } from '../../activities/scoring/score-columns.ts';
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
const gather = async <T>(values: AsyncIterable<T>): Promise<T[]> => {
  const out: T[] = [];
  for await (const value of values) out.push(value);
  return out;
};

describe('the sieve', () => {
  const sift = (a: (number | null)[], b: (number | null)[], more: Partial<ModelSchema> = {}, keepRejects = 100) => {
    const sieve = new RowSieve({ ...schema, ...more }, { keepRejects });
    const flight = Int32Array.from(a, (_, i) => 100 + i);
    return { sieve, kept: sieve.sift(a.length, { a, b }, flight) };
  };

  it('parts each row to one side, and says of which feature and why', () => {
    const { sieve, kept } = sift([0.5, null, NaN, 0.5, Infinity, 2, -1, 0.5], [15, 15, 15, 99, 15, 15, 15, 15]);
    expect([...kept.flight]).toEqual([100, 107]);
    expect([...kept.x]).toEqual([0.5, 15, 0.5, 15]);
    expect(sieve.rejects).toEqual([
      { row: 1, feature: 'a', reason: 'null', value: 0 },
      { row: 2, feature: 'a', reason: 'not a number', value: 0 },
      { row: 3, feature: 'b', reason: 'above the range', value: 99 },
      { row: 4, feature: 'a', reason: 'infinite', value: 0 },
      { row: 5, feature: 'a', reason: 'above the range', value: 2 },
      { row: 6, feature: 'a', reason: 'below the range', value: -1 },
    ]);
    expect(sieve.reasons.get('a null')).toBe(1);
  });
  it('lets values pass that are a little beyond those of training', () => {
    expect(sift([1.25, -0.25], [22.5, 7.5]).sieve.rejected).toBe(0);
    expect(sift([1.26], [15]).sieve.rejected).toBe(1);
  });
  it('fills nulls in as the schema says', () => {
    const { kept, sieve } = sift([null, 0.5], [null, 15], { impute: { a: 0.25, b: 12 } });
    expect([...kept.x]).toEqual([0.25, 12, 0.5, 15]);
    expect(sieve.profile()['a']).toMatchObject({ mean: 0.5, min: 0.5 }); // of what was there
  });
  it('keeps so many rejects and counts all', () => {
    const { sieve } = sift([9, 9, 9, 9], [15, 15, 15, 15], {}, 2);
    expect([sieve.rejects.length, sieve.rejected]).toEqual([2, 4]);
  });
  it('loses no row, whatever comes', () => {
    const value = fc.oneof(fc.constantFrom(null, NaN, Infinity, -Infinity, 0, -0), fc.double(), fc.double({ min: 0, max: 20 }));
    fc.assert(
      fc.property(fc.array(fc.tuple(value, value), { maxLength: 60 }), (rows) => {
        const { sieve, kept } = sift(
          rows.map(([a]) => a),
          rows.map(([, b]) => b),
        );
        expect(kept.rows + sieve.rejected).toBe(rows.length);
        expect(kept.x.every(Number.isFinite)).toBe(true);
      }),
    );
  });
  it('refuses rows without a column that the model takes', () => {
    expect(() => new RowSieve(schema, { keepRejects: 1 }).sift(1, { a: [1] }, [1])).toThrow(/no column b/);
  });
});

describe('kept rows', () => {
  const rows = (first: number, count: number): KeptRows => ({
    rows: count,
    flight: Int32Array.from({ length: count }, (_, i) => first + i),
    x: Float32Array.from({ length: count * 2 }, (_, i) => first * 2 + i),
  });
  it('are cut into the same pieces however they come', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(30), { maxLength: 12 }), fc.integer({ min: 1, max: 25 }), async (sizes, perPiece) => {
        const total = sizes.reduce((sum, size) => sum + size, 0);
        async function* batches() {
          let first = 0;
          for (const size of sizes) {
            yield rows(first, size);
            first += size;
          }
        }
        const pieces = await gather(cutKeptRows(batches(), perPiece));
        expect(pieces).toEqual(planShards(total, perPiece).map(({ first, count }) => rows(first, count)));
      }),
    );
  });
  it('are read back as they were written', () => {
    for (const count of [0, 1, 7]) expect(decodeKeptRows(encodeKeptRows(rows(3, count)))).toEqual(rows(3, count));
  });
});

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

describe('scores', () => {
  const batch = (first: number, numRows: number) => ({
    numRows,
    columns: {
      flight: Int32Array.from({ length: numRows }, (_, i) => first + i),
      at: Int32Array.from({ length: numRows }, (_, i) => 1_000 + first + i),
      origin: Array.from({ length: numRows }, () => 'ATL'),
      destination: Array.from({ length: numRows }, () => 'ORD'),
    },
  });
  const scored = (...shards: (readonly (readonly [number, number])[])[]) =>
    new ScoreColumns(
      (async function* (): AsyncGenerator<ShardScores> {
        for (const shard of shards)
          yield {
            flight: Int32Array.from(shard, ([flight]) => flight),
            scores: Float32Array.from(shard, ([, score]) => score),
          };
      })(),
      'm@1',
    );
  it('stand beside their flights, over the bounds of batches and shards, without those in quarantine', async () => {
    const columns = scored(
      [[0, 0.5]],
      [],
      [
        [2, 0.25],
        [3, 0.75],
      ],
    );
    const first = await columns.join(batch(0, 2));
    const second = await columns.join(batch(2, 3));
    await columns.checkComplete();
    expect([...first.columns.flight, ...second.columns.flight]).toEqual([0, 2, 3]);
    expect([...second.columns.score]).toEqual([0.25, 0.75]);
    expect([...second.columns.at]).toEqual([1_002, 1_003]);
    expect(second.columns.model).toEqual(['m@1', 'm@1']);
  });
  it('are left out where the model failed', async () => {
    const columns = scored([
      [0, 0.5],
      [1, NaN],
      [2, 0.75],
    ]);
    expect([...(await columns.join(batch(0, 3))).columns.flight]).toEqual([0, 2]);
    await columns.checkComplete();
  });
  it('that belong to no flight are an error', async () => {
    const columns = scored(
      [
        [0, 0.5],
        [9, 0.5],
      ],
      [[10, 0.5]],
    );
    await columns.join(batch(0, 3));
    await expect(columns.checkComplete()).rejects.toThrow(/2 scores belong to no row/);
  });
});

describe('the counts of a run', () => {
  it('must add up to the row', () => {
    const counts = { rows: 10, kept: 8, quarantined: 2, scored: 7, failed: 1 };
    expect(() => accountForRows(counts)).not.toThrow();
    for (const wrong of [{ scored: 6 }, { scored: 8 }, { quarantined: 1 }, { failed: 0 }, { rows: 11 }])
      expect(() => accountForRows({ ...counts, ...wrong })).toThrow(expect.objectContaining({ code: 'HDL-ROWS-LOST' }) as Error);
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
