/**
 * Readers of Parquet that are not ours, each giving rows as ours does: hyparquet (pure JavaScript), DuckDB (C++), pyarrow
 * (C++, where a Python has it), parquetjs-lite (of 2020). For the matrix of readers.
 */
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBDecimalValue, DuckDBInstance, DuckDBListValue, DuckDBTimestampTZValue, DuckDBTimestampValue, type DuckDBValue } from '@duckdb/node-api';
import { parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { microseconds } from '../../storage/parquet/instant.ts';
import { decimalValue } from '../../storage/parquet/decimal.ts';
import { bufferOf } from './columns-kit.ts';

/** A value in a form that says all of it, the same for every reader: instants in microseconds, doubles with their sign. */
export type Told = string | null | readonly Told[];
export const tellDouble = (value: number): string => (Object.is(value, -0) ? '-0' : String(value));

/** What kind of column each name is of. */
export type Kinds = Readonly<Record<string, string>>;

/** Our own rows in that form. */
export function tell(kinds: Kinds, row: Readonly<Record<string, unknown>>): Record<string, Told> {
  return Object.fromEntries(Object.entries(kinds).map(([name, kind]) => [name, tellValue(kind, row[name] ?? null)]));
}
function tellValue(kind: string, value: unknown): Told {
  if (value === null) return null;
  if (Array.isArray(value)) return value.map((item) => (typeof item === 'number' ? tellDouble(item) : String(item)));
  if (kind === 'timestamp') return String(microseconds(value));
  if (kind === 'decimal') return String(decimalValue(value, 18, 4));
  return typeof value === 'number' ? tellDouble(value) : String(value as string | bigint | boolean);
}

export async function byHyparquet(file: Uint8Array, kinds: Kinds): Promise<Record<string, Told>[]> {
  const rows = await parquetReadObjects({
    file: bufferOf(file),
    compressors,
    // its own parsers round: instants to milliseconds, decimals to doubles
    parsers: { timestampFromMicroseconds: (us: bigint) => us as never },
  });
  return rows.map((row) =>
    Object.fromEntries(
      Object.entries(kinds).map(([name, kind]) => {
        const value: unknown = row[name] ?? null;
        if (value === null || kind !== 'decimal') return [name, kind === 'timestamp' && value !== null ? String(value as bigint) : tellValue(kind, value)];
        return [name, String(Math.round((value as number) * 1e4))]; // a double: the caller compares decimals of 15 digits only
      }),
    ),
  );
}

/** `where`: SQL. */
export async function byDuckDb(file: Uint8Array, kinds: Kinds, where = 'true'): Promise<Record<string, Told>[]> {
  return inFile(file, async (path) => {
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    try {
      const reader = await connection.runAndReadAll(`SELECT * FROM read_parquet('${path.replaceAll("'", "''")}') WHERE ${where}`);
      return reader.getRowObjects().map((row) => Object.fromEntries(Object.keys(kinds).map((name) => [name, ofDuckDb(row[name] ?? null)])));
    } finally {
      connection.closeSync();
      instance.closeSync();
    }
  });
}
function ofDuckDb(value: DuckDBValue): Told {
  if (value === null) return null;
  if (value instanceof DuckDBListValue) return value.items.map(ofDuckDb);
  if (value instanceof DuckDBDecimalValue) return String(value.value);
  if (value instanceof DuckDBTimestampTZValue || value instanceof DuckDBTimestampValue) return String(value.micros);
  if (typeof value === 'number') return tellDouble(value);
  return String(value);
}

const PYARROW = `
import sys, json, math, datetime
import pyarrow as pa, pyarrow.parquet as pq
table = pq.read_table(sys.argv[1])
def double(value):
    if math.isnan(value): return 'NaN'
    if math.isinf(value): return 'Infinity' if value > 0 else '-Infinity'
    return value.hex()
columns = {}
for name in table.column_names:
    column = table[name].combine_chunks()
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.dictionary_decode(); kind = column.type
    if pa.types.is_timestamp(kind): values = [None if v is None else str(v) for v in column.cast(pa.int64()).to_pylist()]
    elif pa.types.is_decimal(kind): values = [None if v is None else str(int(v.scaleb(kind.scale))) for v in column.to_pylist()]
    elif pa.types.is_floating(kind): values = [None if v is None else double(v) for v in column.to_pylist()]
    elif pa.types.is_list(kind): values = [None if v is None else [double(x) if isinstance(x, float) else x for x in v] for v in column.to_pylist()]
    elif pa.types.is_boolean(kind): values = [None if v is None else ('true' if v else 'false') for v in column.to_pylist()]
    else: values = [None if v is None else str(v) for v in column.to_pylist()]
    columns[name] = values
json.dump(columns, sys.stdout)
`;
export async function byPyarrow(program: string, file: Uint8Array, kinds: Kinds): Promise<Record<string, Told>[]> {
  return inFile(file, async (path) => {
    const done = spawnSync(program, ['-c', PYARROW, path], { encoding: 'utf8', maxBuffer: 1 << 30 });
    if (done.status !== 0) throw new Error(done.stderr);
    const columns = JSON.parse(done.stdout) as Record<string, Told[]>;
    const number = (value: Told): Told => (typeof value === 'string' && /^-?(0x|nan$|inf)/i.test(value) ? tellDouble(fromHex(value)) : value);
    return (columns[Object.keys(kinds)[0] ?? ''] ?? []).map((_, i) =>
      Object.fromEntries(
        Object.entries(kinds).map(([name, kind]) => {
          const value = columns[name]?.[i] ?? null;
          if (kind === 'double' || kind === 'float') return [name, number(value)];
          return [name, kind === 'doubles' && Array.isArray(value) ? value.map(number) : value];
        }),
      ),
    );
  });
}
/** float.hex() of Python: every bit of a double. */
function fromHex(text: string): number {
  const [, sign, whole, part = '', power] = /^(-?)0x([01])(?:\.([0-9a-f]+))?p([+-]\d+)$/.exec(text) ?? [];
  if (whole === undefined) return Number(text);
  const value = Number(BigInt(`0x${whole}${part.padEnd(13, '0')}`)) * 2 ** -52;
  const exponent = Number(power);
  // in two steps: 2 ** -1074 alone is a number, 2 ** 1074 is none
  const scaled = value * 2 ** Math.trunc(exponent / 2) * 2 ** (exponent - Math.trunc(exponent / 2));
  return sign === '-' ? -scaled : scaled;
}

async function inFile<T>(bytes: Uint8Array, work: (path: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'heddle-columns-'));
  try {
    const path = join(folder, 'f.parquet');
    await writeFile(path, bytes);
    return await work(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
