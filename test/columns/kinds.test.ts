/** Kinds of columns: a row's schema in zod to Arrow to Parquet and back, value by value; and what does not fit. */
import { DataType, Dictionary, Field, Int32, makeData, makeVector, RecordBatch, Schema, Struct, tableFromArrays, Utf8 } from 'apache-arrow';
import { z } from 'zod';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { decimal } from '../../dsl/index.ts';
import type { ReadOptions } from '../../activities/step/step-host.ts';
import type { Reading } from '../../dsl/authoring/context.ts';
import { rowSchemaOf } from '../../dsl/plan/row-schema.ts';
import { arrowBatchFor, columnarOf } from '../../storage/parquet/arrow-input.ts';
import { arrowSchema, columnTypeOf } from '../../storage/parquet/column-arrow.ts';
import { readBatches } from '../../storage/parquet/read-batches.ts';
import { counting, fileOfRows, foreignFile, rowsOf, typesOf } from './columns-kit.ts';

const Row = z.object({
  big: z.bigint(),
  maybeBig: z.int64().nullable(),
  single: z.float32(),
  any: z.number().or(z.nan()),
  price: decimal(38, 4),
  cents: decimal(9, 2).nullable(),
  kind: z.enum(['a', 'b']),
  maybeKind: z.enum(['x', 'ü']).nullable().optional(),
  tags: z.array(z.string()),
  vector: z.array(z.float32()).length(3),
  wide: z.array(z.number()).length(2).nullable(),
});
const types = typesOf(Row);
const rows = [
  {
    big: 2n ** 63n - 1n,
    maybeBig: -(2n ** 63n),
    single: 0.5,
    any: Number.NaN,
    price: '9999999999999999999999999999999999.9999',
    cents: '-1234567.89',
    kind: 'a',
    maybeKind: 'ü',
    tags: [],
    vector: [1, 2, -3],
    wide: [1 / 3, -0],
  },
  {
    big: -(2n ** 63n),
    maybeBig: null,
    single: -1.5,
    any: Number.NEGATIVE_INFINITY,
    price: '-0.0001',
    cents: null,
    kind: 'b',
    maybeKind: null,
    tags: ['', 'ü 漢 😀', 'x'.repeat(5000)],
    vector: [0, 0, 0],
    wide: null,
  },
];

describe('a schema of rows', () => {
  it('says in JSON Schema what JSON has no word for', () => {
    const { schema, problem } = rowSchemaOf(Row);
    expect(problem).toBeNull();
    expect(schema['properties']).toMatchObject({
      big: { type: 'integer', format: 'int64' },
      maybeBig: { anyOf: [{ type: 'integer', format: 'int64' }, { type: 'null' }] },
      any: { type: 'number', nan: true },
      price: { type: 'string', decimal: [38, 4] },
    });
    expect(rowSchemaOf(z.object({ when: z.date() })).problem).toContain('Date cannot be represented');
  });
  it('becomes columns of these kinds', () => {
    expect(types.map(({ name, kind, nullable }) => `${name} ${kind}${nullable ? '?' : ''}`)).toEqual([
      'big int64',
      'maybeBig int64?',
      'single float',
      'any double',
      'price decimal',
      'cents decimal?',
      'kind category',
      'maybeKind category?',
      'tags texts',
      'vector vector',
      'wide vector?',
    ]);
  });
  it('and comes back from a file that was written with it', async () => {
    const [batch] = await (async () => {
      const found: RecordBatch[] = [];
      for await (const one of readBatches(counting(await fileOfRows(Row, rows)), types)) found.push(one);
      return found;
    })();
    const back = batch?.schema.fields.map((field) => columnTypeOf(field));
    expect(back?.map((type) => ({ ...type, nan: undefined, absent: undefined }))).toEqual(
      types.map((type) => ({ ...type, nan: undefined, absent: undefined })),
    );
    expect(String(batch?.schema.fields.find(({ name }) => name === 'vector')?.type)).toBe('FixedSizeList[3]<Float32>');
    expect(DataType.isDictionary(batch?.schema.fields.find(({ name }) => name === 'kind')?.type)).toBe(true);
  });
  it('a decimal of impossible digits is refused where it is written', () => {
    expect(() => decimal(39, 0)).toThrow('1 to 38 digits');
    expect(() => decimal(4, 5)).toThrow(RangeError);
  });
  it('a read takes columns and conditions by the names and types of its rows', () => {
    type R = z.output<typeof Row>;
    expectTypeOf<{ columns: ['big', 'kind']; where: [{ column: 'big'; op: '>'; value: bigint }] }>().toExtend<Reading<R, 'big' | 'kind'>>();
    expectTypeOf<{ where: [{ column: 'bigg'; op: '>'; value: bigint }] }>().not.toExtend<Reading<R, 'big'>>();
    expectTypeOf<{ where: [{ column: 'big'; op: '>'; value: string }] }>().not.toExtend<Reading<R, 'big'>>();
    expectTypeOf<Reading<R, 'big'>>().toExtend<ReadOptions>();
  });
});

describe('values', () => {
  it.each(['default', 'v1-plain'] as const)('of every kind come back as they were, profile %s', async (profile) => {
    const file = await fileOfRows(Row, rows, profile === 'v1-plain' ? { interop: profile } : {});
    expect(await rowsOf(counting(file), types)).toEqual(rows);
  });
  it('a decimal is written with the digits of its column', async () => {
    const Price = z.object({ p: decimal(6, 3) });
    expect(await rowsOf(counting(await fileOfRows(Price, [{ p: '7' }, { p: '-0.5' }, { p: '1.2300' }])), typesOf(Price))).toEqual([
      { p: '7.000' },
      { p: '-0.500' },
      { p: '1.230' },
    ]);
  });
  it.each([
    ['big', 2n ** 63n, 'expected a whole number of 64 bits (a bigint), found 9223372036854775808n'],
    ['big', 1.5, 'expected a whole number of 64 bits'],
    ['single', Number.NaN, 'expected a number of 32 bits, found NaN'],
    ['any', 'x', 'expected a number, found "x"'],
    ['price', '1.00001', 'expected a decimal text of at most 38 digits, 4 of them after the point'],
    ['cents', '12345678.00', 'expected a decimal text of at most 9 digits'],
    ['price', 1.5, 'expected a decimal text'],
    ['tags', ['a', null], 'expected a list of texts'],
    ['vector', [1, 2], 'expected a list of 3 numbers'],
    ['kind', 7, 'expected a text'],
  ])('%s, case %#: refused with its place', async (column, value, message) => {
    await expect(fileOfRows(Row, [{ ...rows[0], [column]: value }])).rejects.toThrow(`Column ${column}, row 0: ${message}`);
  });
});

describe('a file of other columns', () => {
  it('is refused by column, expected and found', async () => {
    const read = async (written: z.ZodObject, row: object, wanted: z.ZodObject) => rowsOf(counting(await fileOfRows(written, [row])), typesOf(wanted));
    const text = z.object({ v: z.string() });
    await expect(read(text, { v: '1' }, z.object({ v: decimal(9, 2) }))).rejects.toThrow('HDL-FILE-SCHEMA: Column v: expected decimal(9, 2), found Utf8.');
    await expect(read(z.object({ v: decimal(9, 3) }), { v: '1' }, z.object({ v: decimal(9, 2) }))).rejects.toThrow('expected decimal(9, 2), found Decimal');
    await expect(read(text, { v: '1' }, z.object({ v: z.array(z.number()).length(2) }))).rejects.toThrow('expected a vector of 2, found Utf8');
    await expect(read(z.object({ v: z.array(z.number()).length(3) }), { v: [1, 2, 3] }, z.object({ v: z.array(z.number()).length(2) }))).rejects.toThrow(
      'expected a vector of 2',
    );
    await expect(read(z.object({ v: z.number() }), { v: 1 }, z.object({ v: z.bigint() }))).rejects.toThrow('Column v: expected int64, found Float64.');
    await expect(read(text, { v: '1' }, z.object({ w: z.bigint() }))).rejects.toThrow('Column w: expected int64, and the file has no such column.');
  });
  it('with unsigned integers of 64 bits beyond the signed ones is refused when they are read', async () => {
    const { batches } = tableFromArrays({ v: BigUint64Array.of(5n, 2n ** 63n) });
    const file = foreignFile(batches[0] as RecordBatch); // one
    await expect(rowsOf(counting(file), typesOf(z.object({ v: z.bigint() })))).rejects.toThrow(
      'HDL-BAD-ROW: Column v holds 9223372036854775808, which a signed integer of 64 bits cannot hold exactly.',
    );
  });
});

describe('Arrow batches of an author', () => {
  const Numbers = z.object({ n: z.int(), x: z.number(), k: z.enum(['a', 'b']) });
  const of = typesOf(Numbers);
  const schema = arrowSchema(of);
  const written = (batch: RecordBatch) => arrowBatchFor(of, schema, columnarOf(of, batch, 'd'), 'd', 0);
  const given = (x: readonly number[]): RecordBatch => {
    const strings = makeVector(makeData({ type: new Utf8(), length: 2, valueOffsets: Int32Array.of(0, 1, 2), data: Buffer.from('ba') }));
    const fields = [
      new Field('k', new Dictionary(new Utf8(), new Int32(), 77), false),
      ...tableFromArrays({ n: BigInt64Array.of(1n, 2n), x: Float64Array.from(x) }).schema.fields,
    ];
    const plain = tableFromArrays({ n: BigInt64Array.of(1n, 2n), x: Float64Array.from(x) }).batches[0] as RecordBatch; // one
    const codes = makeData({
      type: new Dictionary(new Utf8(), new Int32(), 77),
      length: 2,
      data: Int32Array.of(0, 1),
      dictionary: strings,
      nullCount: 0,
    } as never);
    return new RecordBatch(
      new Schema(fields),
      makeData({ type: new Struct(fields), length: 2, nullCount: 0, children: [codes as never, ...plain.data.children] }),
    );
  };
  it('go through as they are where their types are those of the dataset', () => {
    const batch = given([0.5, 1.5]);
    const made = written(batch);
    expect(made.getChild('n')?.data[0]?.values).toBe(batch.getChild('n')?.data[0]?.values);
    expect(made.toArray().map((row: { toJSON(): unknown }) => row.toJSON())).toEqual([
      { n: 1n, x: 0.5, k: 'b' },
      { n: 2n, x: 1.5, k: 'a' },
    ]);
  });
  it('are checked as any other rows are', () => {
    expect(() => written(given([0.5, Number.NaN]))).toThrow('HDL-BAD-ROW: Column x, row 1: expected a number, found NaN.');
    const { batches } = tableFromArrays({ n: BigInt64Array.of(1n), x: Float64Array.of(1), more: Int32Array.of(1) });
    expect(() => written(batches[0] as RecordBatch)).toThrow('The rows have a column more, which d does not have.');
    const without = tableFromArrays({ n: BigInt64Array.of(1n), x: Float64Array.of(1) }).batches[0] as RecordBatch; // one
    expect(() => written(without)).toThrow('HDL-FILE-SCHEMA: Column k: expected category, and the file has no such column.');
  });
});
