/** The matrix of readers: what we write, others read value by value as we do, on generated edge values and on the flights file. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ParquetReader, ParquetSchema, ParquetWriter } from 'parquetjs-lite';
import { findPyarrow } from '../real-parts/pyarrow.ts';
import { checkPredicates } from '../../storage/parquet/predicate.ts';
import { root } from '../cli/heddle.ts';
import { counting, fileOfRows, rowsOf, typesOf } from './columns-kit.ts';
import { Edge, edgeRows } from './edge-values.ts';
import { byDuckDb, byHyparquet, byPyarrow, tell, type Kinds, type Told } from './other-readers.ts';

const SEED = 20010301;
const KINDS: Kinds = {
  whole: 'int64',
  big: 'int64',
  small: 'int32',
  any: 'double',
  single: 'float',
  yes: 'boolean',
  text: 'string',
  kind: 'string',
  at: 'timestamp',
  price: 'decimal',
  numbers: 'doubles',
  words: 'strings',
};
const types = typesOf(Edge);
const python = findPyarrow();
const folder = mkdtempSync(join(tmpdir(), 'heddle-lite-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe.each([
  ['by default', {}],
  ["of the profile 'v1-plain'", { interop: 'v1-plain' }],
] as const)('a file %s', (_, files) => {
  const rows = edgeRows(300, SEED);
  const written = fileOfRows(Edge, rows, files);
  const wanted = rows.map((row) => tell(KINDS, row));

  it('is read by us as it was written', async () => {
    expect((await rowsOf(counting(await written), types)).map((row) => tell(KINDS, row))).toEqual(wanted);
  });
  it('is read by DuckDB as it was written', async () => {
    expect(await byDuckDb(await written, KINDS)).toEqual(wanted);
  });
  it('is read by hyparquet as it was written, but for decimals, which it makes doubles', async () => {
    const { price: _price, ...others } = KINDS;
    const without = ({ price: _price, ...row }: Record<string, Told>): Record<string, Told> => row;
    expect(await byHyparquet(await written, others)).toEqual(wanted.map(without));
  });
  it.skipIf('missing' in python)(`is read by pyarrow as it was written${'missing' in python ? `: ${python.missing}` : ''}`, async () => {
    if ('missing' in python) return;
    expect(await byPyarrow(python.program, await written, KINDS)).toEqual(wanted);
  });
});

/** What parquetjs-lite can do: no decimals, no instants in milliseconds, no whole numbers beyond 2^53. */
const Plain = z.object({ id: z.int(), rate: z.number(), name: z.string().nullable(), yes: z.boolean() });
const plainRows = Array.from({ length: 1000 }, (_, id) => ({ id: id * 7919, rate: id / 7, name: id % 5 === 0 ? null : `ü${id}`, yes: id % 3 === 0 }));

describe('parquetjs-lite, within its abilities', () => {
  it("reads what we write in the profile 'v1-plain'", async () => {
    const path = join(folder, 'ours.parquet');
    writeFileSync(path, await fileOfRows(Plain, plainRows, { interop: 'v1-plain' }));
    const reader = await ParquetReader.openFile(path);
    const cursor = reader.getCursor();
    const found: unknown[] = [];
    for (let row = await cursor.next(); row; row = await cursor.next())
      found.push({ id: Number(row['id']), rate: row['rate'], name: row['name'] ?? null, yes: row['yes'] });
    await reader.close();
    expect(found).toEqual(plainRows);
  });
  it('refuses what we write by default: it knows neither zstd nor newer encodings', async () => {
    const path = join(folder, 'default.parquet');
    writeFileSync(path, await fileOfRows(Plain, plainRows));
    const all = async (): Promise<void> => {
      const cursor = (await ParquetReader.openFile(path)).getCursor();
      while (await cursor.next());
    };
    await expect(all()).rejects.toThrow(/compression|encoding|version/i);
  });
  it('writes what we read', async () => {
    const path = join(folder, 'theirs.parquet');
    const schema = new ParquetSchema({
      id: { type: 'INT64' },
      rate: { type: 'DOUBLE' },
      name: { type: 'UTF8', optional: true },
      yes: { type: 'BOOLEAN' },
    });
    const writer = await ParquetWriter.openFile(schema, path);
    for (const { name, ...row } of plainRows) await writer.appendRow(name === null ? row : { ...row, name });
    await writer.close();
    const rows = await rowsOf(counting(readFileSync(path)), typesOf(Plain));
    expect(rows.map(({ id, ...row }) => ({ id: Number(id), ...row }))).toEqual(plainRows);
  });
});

it('the last days of the flights file are the same by us as by DuckDB, value by value', async () => {
  const Flight = z.object({
    date: z.iso.datetime().nullable(),
    delay: z.int().nullable(),
    distance: z.int().nullable(),
    origin: z.string().nullable(),
    destination: z.string().nullable(),
  });
  const bytes = readFileSync(join(root, 'node_modules', 'vega-datasets', 'data', 'flights-3m.parquet'));
  const kinds: Kinds = { date: 'timestamp', delay: 'int64', distance: 'int64', origin: 'string', destination: 'string' };
  const where = checkPredicates([{ column: 'date', op: '>=', value: '2001-06-30T12:00:00Z' }], typesOf(Flight), 'flights');
  const rows = await rowsOf(counting(bytes), typesOf(Flight), { where });
  const theirs = await byDuckDb(bytes, kinds, "date >= TIMESTAMP '2001-06-30 12:00:00'");
  expect(rows.length).toBeGreaterThan(5_000);
  expect(rows.map((row) => tell(kinds, row))).toEqual(theirs);
});
