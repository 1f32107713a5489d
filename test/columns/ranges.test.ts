/** What is read of a file: the row groups and columns that are needed, by ranges; and how files are laid out. */
import { parquetMetadata } from 'hyparquet';
import { z } from 'zod';
import { describe, expect, it } from 'vitest';
import { checkPredicates, type Predicate } from '../../storage/parquet/predicate.ts';
import { readBatches } from '../../storage/parquet/read-batches.ts';
import { bufferOf, counting, fileOf, fileOfRows, rowsOf, typesOf } from './columns-kit.ts';

const Row = z.object({ id: z.int(), kind: z.enum(['a', 'b', 'c']), at: z.iso.datetime(), x: z.number().nullable(), name: z.string(), yes: z.boolean() });
const types = typesOf(Row);
const GROUPS = 8;
const IN_GROUP = 4096;
const instant = (i: number): string => new Date(Date.UTC(2001, 0, 1) + i * 60_000).toISOString().replace('.000Z', 'Z');
const rows = Array.from({ length: GROUPS * IN_GROUP }, (_, i) => ({
  id: i,
  kind: (['a', 'b', 'c'] as const)[i % 3] as 'a' | 'b' | 'c',
  at: instant(i),
  x: i % 5 === 0 ? null : i / 3,
  name: `name ${String(i).padStart(6, '0')} ${Math.imul(i, 2654435761) >>> 0}`,
  yes: i % 2 === 0,
}));
const file = await fileOfRows(Row, rows, { rowsPerGroup: IN_GROUP });
const where = (...predicates: Predicate[]) => ({ where: checkPredicates(predicates, types, 'd') });

describe('of a file, only what is needed is read', () => {
  it('the footer and one range a row group for all of it', async () => {
    const source = counting(file);
    expect(await rowsOf(source, types)).toEqual(rows);
    expect(source.requests).toBe(1 + GROUPS);
  });
  it('the ranges of two columns', async () => {
    const source = counting(await fileOfRows(Row, rows)); // in between lie more bytes than a request is worth
    expect(await rowsOf(source, types, { columns: ['id', 'yes'] })).toEqual(rows.map(({ id, yes }) => ({ id, yes })));
    expect(source.requests).toBe(1 + 2);
    expect(source.bytes - 64 * 1024).toBeLessThan(source.size * 0.1);
  });
  it.each<[string, Predicate[], (row: (typeof rows)[number]) => boolean, number]>([
    ['an id', [{ column: 'id', op: '=', value: 10_000 }], ({ id }) => id === 10_000, 1],
    [
      'a range of ids over two groups',
      [
        { column: 'id', op: '>=', value: 4000 },
        { column: 'id', op: '<', value: 4200n },
      ],
      ({ id }) => id >= 4000 && id < 4200,
      2,
    ],
    ['an hour', [{ column: 'at', op: '>', value: instant(30_000) }], ({ id }) => id > 30_000, 1],
    ['a name', [{ column: 'name', op: '<=', value: 'name 000099' }], ({ id }) => id < 99, 1],
    ['several ids', [{ column: 'id', op: 'in', value: [1, 2, 32_000] }], ({ id }) => id === 1 || id === 2 || id === 32_000, 2],
    ['a kind, which is everywhere', [{ column: 'kind', op: '=', value: 'b' }], ({ kind }) => kind === 'b', GROUPS],
    ['nulls, which satisfy nothing', [{ column: 'x', op: '<', value: 100 }], ({ x }) => x !== null && x < 100, 1],
    [
      'a boolean',
      [
        { column: 'yes', op: '=', value: true },
        { column: 'id', op: '<', value: 10 },
      ],
      ({ id, yes }) => yes && id < 10,
      1,
    ],
    ['what nothing has', [{ column: 'id', op: '<', value: 0 }], () => false, 0],
  ])('%s: exactly its rows, and no other group', async (_, predicates, matches, groups) => {
    const source = counting(file);
    expect(await rowsOf(source, types, where(...predicates))).toEqual(rows.filter(matches));
    expect(source.requests).toBe(1 + groups);
    if (groups === 1) expect(source.bytes - 64 * 1024).toBeLessThan(file.length / (GROUPS - 1));
  });
  it('a condition on a column that is not asked for', async () => {
    const source = counting(file);
    expect(await rowsOf(source, types, { columns: ['kind'], ...where({ column: 'id', op: '=', value: 5 }) })).toEqual([{ kind: 'c' }]);
  });
  it('conditions of no use are refused with the reason', () => {
    const check = (predicate: unknown) => () => checkPredicates([predicate as Predicate], types, 'd');
    expect(check({ column: 'idd', op: '=', value: 1 })).toThrow('HDL-BAD-WHERE: The condition names a column idd, which d does not have.');
    expect(check({ column: 'id', op: '~', value: 1 })).toThrow('The condition on id has the operator ~.');
    expect(check({ column: 'id', op: '=', value: 'one' })).toThrow('The condition id = "one" compares a column of the kind int with a string.');
    expect(check({ column: 'at', op: '=', value: '1 March' })).toThrow('HDL-BAD-WHERE');
    expect(check({ column: 'name', op: 'in', value: ['a', 1n] })).toThrow('The condition name in "1n"');
  });
});

describe('memory is bounded', () => {
  it('a reader that stops has read one group ahead, and no more', async () => {
    const source = counting(file);
    for await (const _ of readBatches(source, types)) break;
    expect(source.requests).toBeLessThanOrEqual(3);
  });
  it('a row group that decodes to more than fits is decoded in parts, to the same rows', async () => {
    const one = await fileOfRows(Row, rows, { rowsPerGroup: rows.length });
    const batches: number[] = [];
    const seen: unknown[] = [];
    for await (const batch of readBatches(counting(one), types, { batchRows: 1000, decodedBytes: 200_000 })) {
      batches.push(batch.numRows);
      seen.push(...(batch.getChild('id')?.toArray() as BigInt64Array)); // int64
    }
    expect(Math.max(...batches)).toBe(1000);
    expect(seen).toEqual(rows.map(({ id }) => BigInt(id)));
  });
  it('an error of the store comes out as it is', async () => {
    const source = {
      ...counting(file),
      read: async (start: number, end: number) => (start < 10_000 ? Promise.reject(new RangeError('no network')) : file.slice(start, end)),
    };
    await expect(rowsOf(source, types)).rejects.toThrow(new RangeError('no network'));
  });
});

describe('files are laid out by rule', () => {
  const encodings = (bytes: Uint8Array) =>
    Object.fromEntries(
      (parquetMetadata(bufferOf(bytes)).row_groups[0]?.columns ?? []).map(({ meta_data: meta }) => [
        meta?.path_in_schema[0],
        `${meta?.codec} ${(meta?.encodings ?? [])
          .filter((name) => name !== 'RLE')
          .toSorted()
          .join(' ')}`,
      ]),
    );
  it('row groups of 131,072 rows, or what the dataset says', async () => {
    const n = typesOf(z.object({ n: z.int() }));
    const many = { numRows: 300_000, columns: { n: Float64Array.from({ length: 300_000 }, (_, i) => i) } };
    const groups = (bytes: Uint8Array) => parquetMetadata(bufferOf(bytes)).row_groups.map((group) => Number(group.num_rows));
    expect(groups(await fileOf(n, [many]))).toEqual([131_072, 131_072, 37_856]);
    expect(groups(await fileOf(n, [many], { rowsPerGroup: 250_000 }))).toEqual([250_000, 50_000]);
  });
  it('a dictionary where few values differ, DELTA where whole numbers rise, zstd', async () => {
    expect(encodings(file)).toEqual({
      id: 'ZSTD DELTA_BINARY_PACKED',
      kind: 'ZSTD PLAIN RLE_DICTIONARY',
      at: 'ZSTD DELTA_BINARY_PACKED',
      x: 'ZSTD PLAIN',
      name: 'ZSTD PLAIN',
      yes: 'ZSTD PLAIN',
    });
    const mixed = await fileOfRows(
      z.object({ shuffled: z.int(), city: z.string() }),
      Array.from({ length: 5000 }, (_, i) => ({ shuffled: Math.imul(i, 2654435761) >>> 0, city: `c${i % 50}` })),
    );
    expect(encodings(mixed)).toEqual({ shuffled: 'ZSTD PLAIN', city: 'ZSTD PLAIN RLE_DICTIONARY' });
  });
  it("the profile 'v1-plain': snappy, PLAIN, nothing else", async () => {
    const plain = await fileOfRows(Row, rows, { interop: 'v1-plain' });
    expect(new Set(Object.values(encodings(plain)))).toEqual(new Set(['SNAPPY PLAIN']));
    expect(await rowsOf(counting(plain), types)).toEqual(rows);
  });
});
