import { describe, expect, it } from 'vitest';
import { auc, aucInterval } from '../../activities/training/auc.ts';
import { seededRandom } from '../../activities/training/seeded-order.ts';
import { sliceAucs } from '../../activities/training/slice-auc.ts';
import { sampleSet } from './sample-set.ts';

/** By its definition: all pairs. */
function pairwise(scores: readonly number[], labels: readonly number[]): number {
  let wins = 0;
  let pairs = 0;
  for (const [i, positive] of labels.entries()) {
    if (positive !== 1) continue;
    for (const [j, negative] of labels.entries()) {
      if (negative === 1) continue;
      pairs++;
      wins += scores[i]! > scores[j]! ? 1 : scores[i] === scores[j] ? 0.5 : 0;
    }
  }
  return wins / pairs;
}

describe('AUC', () => {
  it('equals the share of pairs in the right order, ties counting half', () => {
    const random = seededRandom(3);
    const scores = Array.from({ length: 300 }, () => Math.round(random() * 20) / 20);
    const labels = scores.map((score) => (random() < score ? 1 : 0));
    expect(auc(scores, labels)).toBeCloseTo(pairwise(scores, labels), 12);
  });
  it('is 1 for a perfect order, 0 for its reverse, and no number for one class', () => {
    expect(auc([1, 2, 3, 4], [0, 0, 1, 1])).toBe(1);
    expect(auc([4, 3, 2, 1], [0, 0, 1, 1])).toBe(0);
    expect(auc([1, 2], [1, 1])).toBeNaN();
  });
  it('lies within its bootstrap interval, which narrows with more rows and depends on nothing but the seed', async () => {
    const of = async (rows: number) => {
      const set = sampleSet(rows, 9);
      const scores = Array.from({ length: rows }, (_, i) => set.x[i * 3]!);
      return { value: auc(scores, set.y), ...(await aucInterval(scores, set.y, { draws: 100, seed: 1 })) };
    };
    const small = await of(500);
    const large = await of(8_000);
    expect(small.low).toBeLessThan(small.value);
    expect(small.high).toBeGreaterThan(small.value);
    expect(large.high - large.low).toBeLessThan((small.high - small.low) / 2);
    expect(await of(500)).toEqual(small);
  });
  it('is given by month, distance band and largest origins', () => {
    const set = sampleSet(3_000, 9);
    const slices = sliceAucs(
      Array.from({ length: set.rows }, (_, i) => set.x[i * 3]!),
      set,
    );
    expect(slices.map(({ slice }) => slice)).toEqual([
      'distance 500 to 1500',
      'distance over 1500',
      'distance under 500',
      'month 2001-01',
      'origin ATL',
      'origin DEN',
      'origin ORD',
    ]);
    expect(slices.filter(({ slice }) => slice.startsWith('origin')).reduce((sum, { rows }) => sum + rows, 0)).toBe(3_000);
  });
});
