/** The decoder of scoring's hot path gives what DuckDB wrote, value by value, in every encoding that it meets. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { numbersOf, type CodedColumn } from '../../activities/scoring/columns/coded-column.ts';
import { ColumnCursor } from '../../activities/scoring/columns/column-cursor.ts';
import { readFileInfo } from '../../activities/scoring/columns/column-info.ts';
import { areAllPresent, bitsFor, decodeRle, encodeLevels, encodePacked } from '../../activities/scoring/columns/rle.ts';
import { duck } from './duck.ts';
import { bytesSource } from './bytes-source.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'heddle-columns-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const ROWS = 20_000;
const COLUMNS = ['i32', 'i64', 'f32', 'f64', 'ts', 'day', 'few', 'many', 'sparse', 'none', 'sparse_text'];
const SELECT = `SELECT (i % 70000 - 35000)::INTEGER AS i32, ((i - 10000) * 300000000000001)::BIGINT AS i64, (i / 7)::FLOAT AS f32,
  CASE WHEN i % 11 = 0 THEN -0.0 ELSE i * 1.5e300 END::DOUBLE AS f64, make_timestamp(978307200000000 + i * 61000000) AS ts,
  DATE '2001-01-01' + (i % 400)::INTEGER AS day, 'ä-' || (i % 7) AS few, 'key-' || i AS many,
  CASE WHEN i % 3 = 0 THEN NULL ELSE i % 5 END::INTEGER AS sparse, NULL::DOUBLE AS none, CASE WHEN i % 4 = 1 THEN NULL ELSE 'x' || i END AS sparse_text
  FROM range(${ROWS}) t(i)`;

const valueAt = ({ codes, values, valid }: CodedColumn, row: number): unknown => (valid && !valid[row] ? null : values[codes ? codes[row]! : row]);

/** Of all row groups, read in pieces that meet no page's bounds. */
async function columnsOf(path: string): Promise<Map<string, unknown[]>> {
  const bytes = readFileSync(path);
  const info = await readFileInfo(bytesSource(path, bytes), COLUMNS);
  expect(info.rows).toBe(ROWS);
  const out = new Map<string, unknown[]>(COLUMNS.map((name) => [name, []]));
  for (const group of info.groups) {
    for (const chunk of group.chunks) {
      const cursor = new ColumnCursor(bytes.subarray(chunk.offset, chunk.offset + chunk.length), chunk);
      for (let from = 0; from < group.rows; from += 3_001) {
        const rows = Math.min(3_001, group.rows - from);
        const column = cursor.take(rows);
        for (let row = 0; row < rows; row++) out.get(chunk.column.name)!.push(valueAt(column, row));
      }
    }
  }
  return out;
}

describe('columns of a Parquet file', () => {
  it.each([
    ['zstd', 'V1'],
    ['snappy', 'V2'],
    ['gzip', 'V1'],
    ['lz4_raw', 'V2'],
    ['uncompressed', 'V2'],
  ])('written with %s as %s come back as they were', async (codec, version) => {
    const path = join(folder, `${codec}.parquet`);
    await duck(`COPY (${SELECT}) TO '${path}' (FORMAT parquet, COMPRESSION ${codec}, ROW_GROUP_SIZE 8192, PARQUET_VERSION ${version})`);
    const expected = await duck(
      `SELECT i32, i64, f32, f64, epoch_us(ts) AS ts, (day - DATE '1970-01-01')::INTEGER AS day, few, many, sparse, none, sparse_text FROM (${SELECT})`,
    );
    const found = await columnsOf(path);
    for (const name of COLUMNS) {
      const wrong = expected.findIndex((row, i) => !Object.is(row[name], found.get(name)![i]));
      expect(`${name}: ${wrong}`).toBe(`${name}: -1`);
    }
  });

  it('skips rows as it takes them', async () => {
    const path = join(folder, 'skip.parquet');
    await duck(`COPY (${SELECT}) TO '${path}' (FORMAT parquet, ROW_GROUP_SIZE 122880)`);
    const bytes = readFileSync(path);
    const info = await readFileInfo(bytesSource(path, bytes), ['i32', 'sparse']);
    for (const chunk of info.groups[0]!.chunks) {
      const part = bytes.subarray(chunk.offset, chunk.offset + chunk.length);
      const [all, some] = [new ColumnCursor(part, chunk).take(ROWS), new ColumnCursor(part, chunk)];
      some.skip(11_234);
      const tail = some.take(10);
      for (let row = 0; row < 10; row++) expect(valueAt(tail, row)).toBe(valueAt(all, 11_234 + row));
      some.skip(ROWS - 11_244);
      expect(() => some.take(1)).toThrow(/fewer rows than its row group/);
    }
  });

  it('are refused where scoring cannot take them, with what there is instead', async () => {
    const path = join(folder, 'odd.parquet');
    await duck(
      `COPY (SELECT 1.5::DECIMAL(9,2) AS price, [1, 2] AS list, 'a'::BLOB AS blob, true AS flag, 7::UBIGINT AS big FROM range(3)) TO '${path}' (FORMAT parquet)`,
    );
    const source = bytesSource('odd.parquet', readFileSync(path));
    for (const [name, what] of [
      ['price', /Column price is .*DECIMAL/],
      ['list', /Column list is nested/],
      ['blob', /Column blob is BYTE_ARRAY/],
      ['flag', /Column flag is BOOLEAN/],
      ['big', /Column big is INT64 \((INTEGER|UINT_64)\)/],
      ['nothing', /no column nothing[\s\S]*price, list, blob/],
    ] as const)
      await expect(readFileInfo(source, [name])).rejects.toThrow(what);
    await expect(readFileInfo(source, ['nothing'])).rejects.toMatchObject({ code: 'HDL-FILE-SCHEMA' });
  });

  it('of what is no Parquet are an error with a code', async () => {
    for (const bytes of [new Uint8Array(0), Buffer.from('a,b\n1,2\n'.repeat(9))])
      await expect(readFileInfo(bytesSource('x.parquet', bytes), ['a'])).rejects.toMatchObject({ code: 'HDL-BAD-FILE' });
  });
});

describe('numbers in runs and packed bits', () => {
  it('come back for any numbers and width', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 24 }), fc.array(fc.nat(2 ** 24 - 1), { minLength: 1, maxLength: 300 }), (width, raw) => {
        const numbers = Uint32Array.from(raw, (value) => value % 2 ** width);
        const bytes = encodePacked(numbers, width);
        const out = new Uint32Array(numbers.length);
        decodeRle(bytes, 0, bytes.length, width, out);
        expect(out).toEqual(numbers);
      }),
    );
  });
  it('as levels say which rows are there', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(0, 1), { minLength: 1, maxLength: 200 }), (raw) => {
        const valid = Uint8Array.from(raw);
        const levels = encodeLevels(valid, valid.length);
        const out = new Uint32Array(valid.length);
        decodeRle(levels, 0, levels.length, 1, out);
        expect([...out]).toEqual([...valid]);
        expect(areAllPresent(levels, valid.length)).toBe(!raw.includes(0));
      }),
    );
    expect(areAllPresent(encodeLevels(null, 70_000), 70_000)).toBe(true);
  });
  it('that end too early are an error, never rows that were not there', () => {
    const bytes = encodePacked(
      Uint32Array.from({ length: 80 }, (_, i) => i),
      7,
    );
    expect(() => decodeRle(bytes, 0, bytes.length - 1, 7, new Uint32Array(80))).toThrow(/ends within/);
    expect(() => decodeRle(bytes, 0, bytes.length, 7, new Uint32Array(81))).toThrow(/ends within/);
    expect(() => decodeRle(Uint8Array.of(0), 0, 1, 1, new Uint32Array(1))).toThrow(/no numbers/);
  });
  it('need as many bits as the largest of them', () => {
    expect([1, 2, 3, 229, 256, 257].map(bitsFor)).toEqual([1, 1, 2, 8, 8, 9]);
  });
});

describe('int64', () => {
  it('becomes the double that Number gives', () => {
    fc.assert(
      fc.property(fc.array(fc.bigInt({ min: -(2n ** 53n), max: 2n ** 53n })), (raw) => {
        expect([...numbersOf(BigInt64Array.from(raw))!]).toEqual(raw.map(Number).map((value) => value + 0));
      }),
    );
  });
});
