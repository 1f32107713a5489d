/** Figures of unique keys whose values JSON does not have. */
import { expect, it } from 'vitest';
import { profiler } from '../../storage/datasets/profile.ts';

it('lists with bigints, bytes of numbers and dates are told apart, and the first key that came twice can be written as JSON', () => {
  const figures = profiler({ unique: ['key'] }, []);
  const key = [[1n, 2n], [1n, 3n], Float64Array.of(1, 2), Float64Array.of(1, 3), [1n, 2n]];
  figures?.add({ numRows: key.length, columns: { key } });
  const profile = figures?.profile();
  expect(profile?.duplicates?.rows).toBe(1);
  expect(() => JSON.stringify(profile)).not.toThrow();
});
