import { describe, expect, it } from 'vitest';
import { checkTrainingSet } from '../../activities/training/check-training-set.ts';
import { judge } from '../../activities/training/judge.ts';
import { outOfRange, rangeProfile } from '../../activities/training/range-profile.ts';
import { decodeTrainingSet, encodeTrainingSet, rowsBetween } from '../../activities/training/training-set.ts';
import { sampleSet } from './sample-set.ts';

describe('a training set', () => {
  it('is read back as it was written, from any offset of a buffer', () => {
    const set = sampleSet(1_001, 1);
    const bytes = encodeTrainingSet(set);
    const shifted = new Uint8Array(bytes.length + 1);
    shifted.set(bytes, 1);
    expect(decodeTrainingSet(shifted.subarray(1))).toEqual(set);
    expect(() => decodeTrainingSet(new Uint8Array(20))).toThrow(/no training set/);
  });
  it('is split by time, without a row lost or in two parts', () => {
    const set = sampleSet(1_000, 1);
    const cut = set.at[300]!;
    const before = rowsBetween(set, 0, cut);
    const after = rowsBetween(set, cut, set.at[999]! + 1);
    expect([before.rows, after.rows]).toEqual([300, 700]);
    expect(before.x.length).toBe(900);
    expect(after.y[0]).toBe(set.y[300]);
  });
  it('is refused when it is too small, one-sided or has holes', () => {
    const set = sampleSet(2_000, 1);
    expect(() => checkTrainingSet(set, 'test')).not.toThrow();
    expect(() => checkTrainingSet(sampleSet(10, 1), 'test')).toThrow(/test part has 10 rows/);
    expect(() => checkTrainingSet({ ...set, y: set.y.map(() => 1) }, 'test')).toThrow(/100.0 %/);
    const x = set.x.slice();
    x[3 * 7 + 1] = Number.NaN;
    expect(() => checkTrainingSet({ ...set, x }, 'test')).toThrow(/row 7, feature b/);
  });
});

describe('the range profile', () => {
  it('lets rows like those of training pass and names what is out of range', () => {
    const set = sampleSet(1_000, 1);
    const profile = rangeProfile(set);
    expect(outOfRange(sampleSet(500, 2).x, set.features, profile).every((feature) => feature === -1)).toBe(true);
    expect([...outOfRange(Float32Array.from([5, 0, 5, 5, 9, 5, Number.NaN, 0, 5]), set.features, profile)]).toEqual([-1, 1, 0]);
    expect(() => outOfRange(set.x, ['a', 'b', 'other'], profile)).toThrow(/no feature other/);
  });
});

describe('the gate', () => {
  const good = { auc: 0.64, championAuc: 0.63, slices: [{ slice: 'origin ORD', auc: 0.6, championAuc: 0.61 }], rowsPerSecond: 1e6, latencyMs: 1, bytes: 500 };
  it('lets a good model pass', () => expect(judge(good, 0.6)).toEqual([]));
  it('names each reason against another', () => {
    const bad = {
      auc: 0.55,
      championAuc: 0.63,
      slices: [
        { slice: 'origin ORD', auc: 0.5, championAuc: 0.61 },
        { slice: 'origin ATL', auc: 0.55, championAuc: 0.6 },
      ],
      rowsPerSecond: 10,
      latencyMs: 200,
      bytes: 20_000_000,
    };
    const reasons = judge(bad, 0.6);
    expect(reasons).toHaveLength(7);
    expect(reasons.slice(-2)).toEqual(['one row takes 200.0 ms, and 50 ms are allowed', 'it has 20000000 bytes, and 10000000 are allowed']);
    expect(judge({ ...good, auc: Number.NaN }, 0.6)[0]).toMatch(/under the floor/);
  });
});
