/** Arrow batches become the rows that training reads. */
import { tableFromArrays } from 'apache-arrow';
import { describe, expect, it } from 'vitest';
import { fillMatrix } from '../../activities/training/fill-matrix.ts';

describe('a matrix', () => {
  it('is filled from batches of Arrow, row after row, whatever type their numbers have', () => {
    const x = new Float32Array(5 * 3);
    let row = 0;
    for (const values of [
      { a: Float64Array.from([1.5, 2.5]), b: BigInt64Array.from([10n, 20n]), c: Int8Array.from([1, 0]) },
      { a: Float64Array.from([3.5, 4.5, 5.5]), b: BigInt64Array.from([30n, 40n, 50n]), c: Int8Array.from([1, 1, 0]) },
    ]) {
      for (const batch of tableFromArrays(values).batches) {
        const columns = Object.fromEntries((['a', 'b', 'c'] as const).map((name) => [name, batch.getChild(name)!.toArray() as ArrayLike<number>]));
        fillMatrix({ numRows: batch.numRows, columns }, ['c', 'a', 'b'], x, row);
        row += batch.numRows;
      }
    }
    expect([...x]).toEqual([1, 1.5, 10, 0, 2.5, 20, 1, 3.5, 30, 1, 4.5, 40, 0, 5.5, 50]);
  });
  it('has NaN for a null, and refuses a batch that lacks a column or is too long', () => {
    const x = new Float32Array(2);
    fillMatrix({ numRows: 2, columns: { a: [null, 3] } }, ['a'], x, 0);
    expect([...x]).toEqual([Number.NaN, 3]);
    expect(() => fillMatrix({ numRows: 1, columns: { a: [1] } }, ['b'], x, 0)).toThrow(/no column b: it has a/);
    expect(() => fillMatrix({ numRows: 2, columns: { a: [1, 2] } }, ['a'], x, 1)).toThrow(/do not fit/);
  });
});
