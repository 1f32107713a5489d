/** Parquet files of others: broken ones and foreign ones are told apart, and the public flights file is read as another reader reads it. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { z } from 'zod';
import { describe, expect, it } from 'vitest';
import type { AnyBatch } from '../../storage/parquet/from-arrow.ts';
import { readParquet } from '../../storage/parquet/read-parquet.ts';
import { typesOf, fileOfRows, sourceOf, rowsOf } from './parquet-kit.ts';

describe('a file that is not what it should be', () => {
  const Row = z.object({ n: z.int(), s: z.string() });
  const rows = Array.from({ length: 3000 }, (_, i) => ({ n: (i * 7919) % 1009, s: `text number ${i}` }));
  const read = (bytes: Uint8Array, row: z.ZodObject = Row): Promise<unknown[]> => rowsOf(bytes, typesOf(row));

  it('empty, a CSV, cut off anywhere, or damaged: no Parquet, said so', async () => {
    const bytes = await fileOfRows(Row, rows);
    await expect(read(new Uint8Array())).rejects.toThrow('HDL-BAD-FILE: The file is empty.');
    await expect(read(Buffer.from('date,delay\n2001-01-01,5\n'))).rejects.toThrow('it does not begin with PAR1');
    for (const length of [4, 11, 100, bytes.length - 4, bytes.length - 1])
      await expect(read(bytes.subarray(0, length))).rejects.toMatchObject({ code: 'HDL-BAD-FILE' });
    await expect(read(Buffer.concat([bytes.subarray(0, 2000), bytes.subarray(-2000)]))).rejects.toMatchObject({ code: 'HDL-BAD-FILE' });
    for (const [from, to] of [
      [4, 60],
      [60, 400],
      [bytes.length - 60, bytes.length - 20],
      [bytes.length - 8, bytes.length - 4],
    ] as const) {
      await expect(read(Uint8Array.from(bytes).fill(0xff, from, to))).rejects.toMatchObject({ code: 'HDL-BAD-FILE' });
    }
    expect(await read(bytes)).toEqual(rows); // the decoder is none the worse
  });
  it('with a footer whose fields are there as something else: said so', async () => {
    const values = Array.from({ length: 500 }, (_, i) => ({ n: i, s: `text ${i % 7}`, d: i % 3 ? i / 2 : null }));
    const other = z.object({ n: z.int(), s: z.string(), d: z.number().nullable() });
    const bytes = await fileOfRows(other, values);
    expect(bytes).toHaveLength(1483); // else the places below mean nothing: parquet-fuzz.full.test.ts finds others
    // a change that parquet-fuzz.full.test.ts has found
    for (const [at, byte] of [
      [1413, 106],
      [732, 75],
      [802, 135],
    ] as const)
      bytes[at] = byte;
    await expect(read(bytes, other)).rejects.toMatchObject({ code: 'HDL-BAD-FILE', what: expect.stringContaining('footer cannot be read') });
  });
  it('of other columns: named with expected and found', async () => {
    const bytes = await fileOfRows(Row, rows);
    await expect(read(bytes, z.object({ n: z.string() }))).rejects.toThrow('HDL-FILE-SCHEMA: Column n: expected string, found Int64.');
    await expect(read(bytes, z.object({ s: z.boolean() }))).rejects.toThrow('Column s: expected boolean, found Utf8.');
    await expect(read(bytes, z.object({ s: z.iso.datetime() }))).rejects.toThrow('Column s: expected timestamp, found Utf8.');
    await expect(read(bytes, z.object({ more: z.int() }))).rejects.toThrow('Column more: expected int, and the file has no such column.');
    await expect(read(await fileOfRows(z.object({ n: z.number() }), [{ n: 1 }]), z.object({ n: z.int() }))).rejects.toThrow(
      'Column n: expected int, found Float64.',
    );
    expect(await read(await fileOfRows(z.object({ n: z.int() }), [{ n: 1 }]), z.object({ n: z.number() }))).toEqual([{ n: 1 }]);
  });
  it('with nulls where there may be none', async () => {
    const bytes = await fileOfRows(z.object({ n: z.int().nullable() }), [{ n: 1 }, { n: null }]);
    await expect(read(bytes, z.object({ n: z.int() }))).rejects.toThrow('HDL-FILE-SCHEMA: Column n has 1 nulls');
  });
  it('with integers that a number cannot hold', async () => {
    const { Int64, Table, makeData, makeVector, tableToIPC } = await import('apache-arrow');
    const { Table: WasmTable, writeParquet } = await import('parquet-wasm');
    const wide = (values: readonly bigint[]): Uint8Array =>
      writeParquet(
        WasmTable.fromIPCStream(
          tableToIPC(new Table({ n: makeVector(makeData({ type: new Int64(), length: values.length, data: BigInt64Array.from(values) })) }), 'stream'),
        ),
      );
    await expect(read(wide([1n, 2n ** 53n]), z.object({ n: z.int() }))).rejects.toThrow(
      'HDL-BAD-ROW: Column n holds 9007199254740992, which a number cannot hold exactly.',
    );
    expect(await read(wide([-(2n ** 53n) + 1n, 2n ** 53n - 1n]), z.object({ n: z.int() }))).toEqual([
      { n: Number.MIN_SAFE_INTEGER },
      { n: Number.MAX_SAFE_INTEGER },
    ]);
  });
  it('with fewer rows than its manifest says', async () => {
    const bytes = await fileOfRows(Row, rows);
    await expect(
      (async () => {
        for await (const _ of readParquet(sourceOf(bytes), typesOf(Row), { rows: 3001 }));
      })(),
    ).rejects.toThrow('The file has 3000 rows, and its manifest says 3001.');
  });
});

describe('the public flights file (3,000,000 rows, written by Polars)', () => {
  const path = join(dirname(createRequire(import.meta.url).resolve('vega-datasets')), '..', 'data', 'flights-3m.parquet');
  const Flight = z.object({ date: z.iso.datetime(), delay: z.int(), distance: z.int(), origin: z.string(), destination: z.string() });

  it('is read in column batches, two of its columns', async () => {
    let rows = 0;
    let late = 0;
    const origins = new Set<unknown>();
    for await (const { numRows, columns } of readParquet(
      sourceOf(await readFile(path)),
      typesOf(Flight).filter(({ name }) => name === 'delay' || name === 'origin'),
    )) {
      rows += numRows;
      for (let i = 0; i < numRows; i++) if ((columns['delay']?.[i] as number) > 15) late++;
      for (let i = 0; i < numRows; i++) origins.add(columns['origin']?.[i]);
    }
    expect({ rows, origins: origins.size }).toEqual({ rows: 3_000_000, origins: 229 });
    expect(late / rows).toBeCloseTo(0.2, 1);
  });
  it('agrees with another reader row by row', async () => {
    const bytes = await readFile(path);
    const { value: first } = await readParquet(sourceOf(bytes), typesOf(Flight)).next();
    const ours = [...(first as AnyBatch).rows()].slice(0, 2000);
    const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
    const theirs = await parquetReadObjects({ file, compressors, rowStart: 0, rowEnd: 2000 });
    expect(ours).toEqual(
      theirs.map((row) => ({
        ...row,
        delay: Number(row['delay']),
        distance: Number(row['distance']),
        date: (row['date'] as Date).toISOString().replace('.000Z', 'Z'),
      })),
    );
  });
});
