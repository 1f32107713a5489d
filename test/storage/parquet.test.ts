/** Parquet: what is written comes back value by value, a second reader agrees, and what does not fit is refused. */
import fc from 'fast-check';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { z } from 'zod';
import { describe, expect, it } from 'vitest';
import { arrowSchema } from '../../storage/parquet/column-arrow.ts';
import { columnTypes } from '../../storage/parquet/column-types.ts';
import { columnsOfRows, toRecordBatch, type Columnar } from '../../storage/parquet/to-arrow.ts';
import { parquetBytes } from '../../storage/parquet/write-parquet.ts';
import { typesOf, fileOf, fileOfRows, batchesOf, rowsOf, roundTrip } from './parquet-kit.ts';

const Everything = z.object({
  whole: z.int(),
  small: z.int().min(-5).max(1_000_000),
  share: z.number(),
  yes: z.boolean(),
  name: z.string(),
  kind: z.enum(['a', 'b']),
  at: z.iso.datetime(),
  day: z.iso.date(),
  vector: z.array(z.number()),
  tags: z.array(z.string()),
  nested: z.object({ a: z.int().nullable() }),
  maybeWhole: z.int().nullable(),
  maybeSmall: z.int().min(0).max(9).nullable(),
  maybeShare: z.number().nullable(),
  maybeYes: z.boolean().nullable(),
  maybeName: z.string().nullable(),
  maybeAt: z.iso.datetime().nullable(),
  maybeVector: z.array(z.number()).nullable(),
  left: z.string().optional(),
  leftOrNull: z.number().nullable().optional(),
});

describe('a schema of rows', () => {
  it('becomes columns', () => {
    expect(typesOf(Everything).map(({ name, kind, nullable }) => `${name} ${kind}${nullable ? '?' : ''}`)).toEqual([
      'whole int',
      'small int32',
      'share double',
      'yes boolean',
      'name string',
      'kind category',
      'at timestamp',
      'day string',
      'vector doubles',
      'tags texts',
      'nested json',
      'maybeWhole int?',
      'maybeSmall int32?',
      'maybeShare double?',
      'maybeYes boolean?',
      'maybeName string?',
      'maybeAt timestamp?',
      'maybeVector doubles?',
      'left string?',
      'leftOrNull double?',
    ]);
  });
  it('without fields is refused', () => {
    for (const schema of [{ type: 'string' }, { type: 'object' }, { type: 'object', properties: {} }])
      expect(() => columnTypes(schema, 'd')).toThrow('HDL-BAD-ROW-SCHEMA');
  });
});

const plain = {
  whole: 1,
  small: 2,
  share: 0.5,
  yes: true,
  name: 'x',
  kind: 'a',
  at: '2001-03-01T05:00:00Z',
  day: '2001-03-01',
  vector: [1, 2.5],
  tags: ['t'],
  nested: { a: null },
};
const nothing = { maybeWhole: null, maybeSmall: null, maybeShare: null, maybeYes: null, maybeName: null, maybeAt: null, maybeVector: null };

describe('rows', () => {
  it('of edge values come back as they were', async () => {
    const rows = [
      { ...plain, ...nothing, leftOrNull: null },
      { ...plain, ...nothing, whole: Number.MAX_SAFE_INTEGER, small: -5, share: Number.MIN_VALUE, yes: false, name: '', vector: [], tags: [], leftOrNull: 1 },
      {
        ...plain,
        ...nothing,
        whole: Number.MIN_SAFE_INTEGER,
        small: 1_000_000,
        share: -Number.MAX_VALUE,
        name: 'ü 漢 😀 \u0000\n"',
        at: '1969-12-31T23:59:59.999999Z',
        left: 'here',
        leftOrNull: null,
      },
      {
        ...plain,
        whole: -(2 ** 32),
        share: -1e-300,
        at: '9999-12-31T23:59:59.000001Z',
        maybeWhole: 2 ** 31,
        maybeSmall: 9,
        maybeShare: 1 / 3,
        maybeYes: false,
        maybeName: 'ß',
        maybeAt: '0001-01-01T00:00:00Z',
        maybeVector: [0, -1e300],
        left: '',
        leftOrNull: null,
      },
    ];
    expect(await roundTrip(Everything, rows)).toEqual(rows);
  });
  it('of any values come back as they were', async () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 12 });
    const at = fc.date({ min: new Date('1700-01-01'), max: new Date('2300-01-01'), noInvalidDate: true }).map((date) =>
      date
        .toISOString()
        .replace('.000Z', 'Z')
        .replace(/(\.\d*?)0+Z$/, '$1Z'),
    );
    const double = fc.double({ noNaN: true, noDefaultInfinity: true });
    const arbitrary = fc.record({
      whole: fc.maxSafeInteger(),
      small: fc.integer({ min: -5, max: 1_000_000 }),
      share: double,
      yes: fc.boolean(),
      name: text,
      kind: fc.constantFrom('a', 'b'),
      at: fc.constantFrom('2001-03-01T05:06:07Z', '2001-03-01T05:06:07.1Z', '1905-03-01T05:06:07.000001Z'),
      day: fc.constant('2001-03-01'),
      vector: fc.array(double, { maxLength: 4 }),
      tags: fc.array(text, { maxLength: 3 }),
      nested: fc.record({ a: fc.option(fc.maxSafeInteger()) }),
      maybeWhole: fc.option(fc.maxSafeInteger()),
      maybeSmall: fc.option(fc.integer({ min: 0, max: 9 })),
      maybeShare: fc.option(double),
      maybeYes: fc.option(fc.boolean()),
      maybeName: fc.option(text),
      maybeAt: fc.option(at),
      maybeVector: fc.option(fc.array(double, { maxLength: 3 })),
      leftOrNull: fc.option(double),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(arbitrary, { minLength: 1, maxLength: 40 }), async (rows) => {
        const clean = rows.map((row) => JSON.parse(JSON.stringify(row)) as object); // JSON has no -0
        expect(JSON.parse(JSON.stringify(await roundTrip(Everything, clean)))).toEqual(clean);
      }),
      { numRuns: 25 },
    );
  });
  it('are the same to another reader', async () => {
    const rows = Array.from({ length: 5000 }, (_, i) => ({
      ...plain,
      ...nothing,
      whole: i * 1e9,
      small: i,
      share: i / 7,
      name: `n${i}`,
      kind: i % 2 ? 'a' : 'b',
      maybeWhole: i % 3 ? i : null,
      leftOrNull: null,
    }));
    const bytes = await fileOfRows(Everything, rows);
    const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
    const read = await parquetReadObjects({ file, compressors, columns: ['whole', 'small', 'share', 'name', 'kind', 'maybeWhole', 'yes', 'at', 'vector'] });
    expect(
      read.map((row) => ({
        ...row,
        whole: Number(row['whole']),
        maybeWhole: row['maybeWhole'] === null || row['maybeWhole'] === undefined ? null : Number(row['maybeWhole']),
        at: (row['at'] as Date).toISOString(),
      })),
    ).toEqual(
      rows.map(({ whole, small, share, name, kind, maybeWhole, yes, vector }) => ({
        whole,
        small,
        share,
        name,
        kind,
        maybeWhole,
        yes,
        at: '2001-03-01T05:00:00.000Z',
        vector,
      })),
    );
    expect(parquetMetadata(file).row_groups[0]?.columns.map((column) => column.meta_data?.codec)).toContain('ZSTD');
  });
});

describe('columns', () => {
  const Row = z.object({ n: z.int(), small: z.int().min(0).max(100), x: z.number(), s: z.string() });
  it('come back as typed arrays where nothing is null', async () => {
    const [batch] = await batchesOf(
      await fileOf(typesOf(Row), [
        { numRows: 2, columns: { n: new Int32Array([1, 2]), small: Uint8Array.of(3, 4), x: Float32Array.of(0.5, 1.5), s: ['a', 'b'] } },
      ]),
      typesOf(Row),
    );
    expect(batch?.columns['n']).toEqual(new Float64Array([1, 2]));
    expect(batch?.columns['small']).toEqual(new Int32Array([3, 4]));
    expect(batch?.columns['x']).toEqual(new Float64Array([0.5, 1.5]));
    expect(batch?.columns['s']).toEqual(['a', 'b']);
  });
  it('are read alone when only they are asked for', async () => {
    const bytes = await fileOf(typesOf(Row), [{ numRows: 1, columns: { n: [1], small: [2], x: [3], s: ['four'] } }]);
    expect(
      await rowsOf(
        bytes,
        typesOf(Row).filter(({ name }) => name === 'x' || name === 's'),
      ),
    ).toEqual([{ x: 3, s: 'four' }]);
  });
  it('of many batches become row groups, read in batches of at most 65,536', async () => {
    const part = (first: number): Columnar => ({
      numRows: 50_000,
      columns: {
        n: Float64Array.from({ length: 50_000 }, (_, i) => first + i),
        small: new Int32Array(50_000),
        x: new Float64Array(50_000),
        s: Array.from({ length: 50_000 }, (_, i) => `s${i % 10}`),
      },
    });
    const bytes = await fileOf(
      typesOf(Row),
      [0, 1, 2, 3, 4, 5].map((i) => part(i * 50_000)),
    );
    const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
    expect(parquetMetadata(file).row_groups.map((group) => Number(group.num_rows))).toEqual([131_072, 131_072, 37_856]);
    let next = 0;
    for (const batch of await batchesOf(bytes, typesOf(Row))) {
      expect(batch.numRows).toBeLessThanOrEqual(65_536);
      for (let i = 0; i < batch.numRows; i++) if (batch.columns['n']?.[i] !== next++) throw new Error(`row ${next} is wrong`);
    }
    expect(next).toBe(300_000);
    expect(bytes.length).toBeLessThan(20_000); // delta and dictionaries at work
  });
  it('of no rows are a file that has its columns and gives no batch', async () => {
    const bytes = await fileOf(typesOf(Row), [columnsOfRows(typesOf(Row), [])]);
    expect(await batchesOf(bytes, typesOf(Row))).toEqual([]);
  });
});

describe('a value that does not fit is refused with its place', () => {
  it.each([
    ['whole', 1.5, 'Column whole, row 1: expected a whole number, found 1.5'],
    ['whole', 2 ** 53, 'found 9007199254740992'],
    ['whole', 2n ** 60n, 'found 1152921504606846976n'],
    ['whole', '5', 'found "5"'],
    ['small', 2 ** 31, 'expected a whole number of 32 bits'],
    ['small', true, 'found true'],
    ['share', Number.NaN, 'expected a number, found NaN'],
    ['share', Number.POSITIVE_INFINITY, 'found Infinity'],
    ['share', null, 'expected double, found null'],
    ['yes', 1, 'expected true or false, found 1'],
    ['name', 5, 'expected a text, found 5'],
    ['name', '\ud800', 'expected a text'],
    ['at', '2001-03-01', 'expected a date and time with its zone'],
    ['at', '2001-02-30T00:00:00Z', 'found "2001-02-30T00:00:00Z"'],
    ['at', '2001-03-01T05:00:00', 'expected a date and time'],
    ['at', new Date(0), 'expected a date and time'],
    ['vector', [1, 'two'], 'expected a list of numbers'],
    ['vector', 'x', 'expected a list of numbers'],
    ['nested', { a: 1n }, 'expected a value that JSON can hold'],
    ['maybeName', 5, 'expected a text or null, found 5'],
    ['left', undefined, null],
  ] as const)('%s, case %#', async (column, value, message) => {
    const written = fileOfRows(Everything, [
      { ...plain, ...nothing, leftOrNull: null },
      { ...plain, ...nothing, leftOrNull: null, [column]: value },
    ]);
    if (message === null) await written;
    else await expect(written).rejects.toThrow(new RegExp(`HDL-BAD-ROW[^]*${message.replaceAll(/[.*+?()[\]{}|]/g, '\\$&')}`));
  });
  it('missing and unknown columns, and columns of other lengths', async () => {
    const Row = z.object({ a: z.int(), b: z.int().nullable() });
    await expect(fileOf(typesOf(Row), [{ numRows: 1, columns: { b: [1] } }])).rejects.toThrow('HDL-BAD-ROW: The rows have no column a.');
    await expect(fileOf(typesOf(Row), [{ numRows: 1, columns: { a: [1], bb: [1] } }])).rejects.toThrow('The rows have a column bb, which d does not have.');
    await expect(fileOf(typesOf(Row), [{ numRows: 2, columns: { a: [1, 2, 3] } }])).rejects.toThrow('Column a has 3 values, and the batch 2 rows.');
    await expect(fileOf(typesOf(Row), [{ numRows: -1, columns: { a: [] } }])).rejects.toThrow('HDL-BAD-ROW');
    expect(await rowsOf(await fileOf(typesOf(Row), [{ numRows: 1, columns: { a: [1] } }]), typesOf(Row))).toEqual([{ a: 1, b: null }]);
  });
  it('a reader of the bytes that gives up ends the writer too', async () => {
    const types = typesOf(z.object({ n: z.int() }));
    let ended = false;
    async function* endless() {
      try {
        for (;;)
          yield toRecordBatch(
            types,
            arrowSchema(types),
            { numRows: 50_000, columns: { n: Float64Array.from({ length: 50_000 }, Math.random).map((x) => Math.floor(x * 2 ** 50)) } },
            'd',
          );
      } finally {
        ended = true;
      }
    }
    const source = endless();
    for await (const part of parquetBytes(types, source)) if (part.length > 0) break;
    await source.return(undefined);
    expect(ended).toBe(true);
  });
  it('an error of the source comes out as it is, after any number of rows', async () => {
    const types = typesOf(z.object({ n: z.int() }));
    async function* failing() {
      yield toRecordBatch(types, arrowSchema(types), { numRows: 1, columns: { n: [1] } }, 'd');
      throw new RangeError('the source is dry');
    }
    await expect(
      (async () => {
        for await (const _ of parquetBytes(types, failing()));
      })(),
    ).rejects.toThrow(new RangeError('the source is dry'));
  });
});
