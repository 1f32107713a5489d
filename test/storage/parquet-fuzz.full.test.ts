/** Parquet files with bytes changed at random: what cannot be read is told by a code, and the decoder lives on. */
import { expect, it } from 'vitest';
import { z } from 'zod';
import { isHeddleError } from '../../dsl/errors/heddle-error.ts';
import { fileOfRows, rowsOf, typesOf } from './parquet-kit.ts';

const Row = z.object({ n: z.int(), s: z.string(), d: z.number().nullable() });
const rows = Array.from({ length: 500 }, (_, i) => ({ n: i, s: `text ${i % 7}`, d: i % 3 ? i / 2 : null }));

/** The same numbers each time: a linear congruence (Numerical Recipes). */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

it('every change of one to three bytes of the footer gives rows or a code', { timeout: 60_000 }, async () => {
  const bytes = await fileOfRows(Row, rows);
  const random = numbers(12_345);
  const uncoded: string[] = [];
  for (let i = 0; i < 8_000; i++) {
    const copy = Uint8Array.from(bytes);
    for (let k = 0; k <= random(3); k++) copy[bytes.length - 1 - random(900)] = random(256);
    await rowsOf(copy, typesOf(Row)).catch((error: unknown) => {
      if (!isHeddleError(error)) uncoded.push(String(error));
    });
  }
  expect(uncoded).toEqual([]);
  expect(await rowsOf(bytes, typesOf(Row))).toEqual(rows);
});
