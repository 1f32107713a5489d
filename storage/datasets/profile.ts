/**
 * What is counted of a partition's columns while it is staged, so that its expectations can be judged without reading it
 * again: nulls, ends, duplicates, the newest instant. Only what the dataset expects something of. Workers.
 */
import type { ExpectDef, Json } from '../../dsl/plan/types.ts';
import type { ColumnType } from '../parquet/column-types.ts';
import { microseconds } from '../parquet/instant.ts';
import type { Columnar } from '../parquet/to-arrow.ts';
import { KeySet } from './key-set.ts';

/** Part of the manifest. Columns that nothing is expected of are left out. */
export interface Profile {
  readonly nulls?: Readonly<Record<string, number>>;
  /** Over the values that are not null; null ends: there are none. `nan`: how many are NaN. */
  readonly range?: Readonly<Record<string, { readonly min: number | null; readonly max: number | null; readonly nan: number }>>;
  /** Rows whose key was there before, and the first such key. */
  readonly duplicates?: { readonly rows: number; readonly first: Json };
  /** Newest instant, ms since the epoch; null without any. */
  readonly newest?: Readonly<Record<string, number | null>>;
}

export interface Profiler {
  add(batch: Columnar): void;
  /** null where nothing is expected of columns. */
  profile(): Profile | null;
}

export function profiler(expect: ExpectDef | undefined, types: readonly ColumnType[]): Profiler {
  const nulls = Object.keys(expect?.nulls ?? {}).map((column) => ({ column, count: 0 }));
  const ranges = Object.keys(expect?.range ?? {}).map((column) => ({ column, min: Infinity, max: -Infinity, nan: 0 }));
  const fresh = Object.keys(expect?.freshnessMs ?? {}).map((column) => ({ column, newest: -Infinity }));
  const unique = expect?.unique ?? [];
  const keys = new KeySet();
  let duplicates = 0;
  let first: Json = null;
  const kinds = new Map(types.map(({ name, kind }) => [name, kind]));
  const none = nulls.length + ranges.length + fresh.length + unique.length === 0;
  return {
    add({ numRows, columns }) {
      if (none) return;
      const of = (column: string): ArrayLike<unknown> => columns[column] ?? { length: numRows };
      for (const one of nulls) one.count += countNulls(of(one.column), numRows);
      for (const one of ranges) {
        const values = of(one.column);
        for (let i = 0; i < numRows; i++) {
          const value = values[i];
          if (value === null || value === undefined) continue;
          const number = Number(value);
          if (number < one.min) one.min = number;
          if (number > one.max) one.max = number;
          if (Number.isNaN(number)) one.nan++;
        }
      }
      for (const one of fresh) {
        const values = of(one.column);
        for (let i = 0; i < numRows; i++) {
          const us = microseconds(values[i]);
          if (us !== null && Number(us) / 1000 > one.newest) one.newest = Number(us) / 1000;
        }
      }
      if (unique.length === 0) return;
      const parts = unique.map((column) => ({ values: of(column), isTime: kinds.get(column) === 'timestamp' }));
      for (let i = 0; i < numRows; i++) {
        const key = parts.map(({ values, isTime }) => keyPart(isTime ? (microseconds(values[i]) ?? values[i]) : values[i])).join('\u0001');
        if (keys.add(key)) continue;
        if (duplicates++ === 0) first = Object.fromEntries(unique.map((column, at) => [column, shown(parts[at]?.values[i])]));
      }
    },
    profile() {
      if (none) return null;
      return {
        ...(nulls.length > 0 && { nulls: Object.fromEntries(nulls.map(({ column, count }) => [column, count])) }),
        ...(ranges.length > 0 && {
          range: Object.fromEntries(
            ranges.map(({ column, min, max, nan }) => [column, min > max ? { min: null, max: null, nan } : { min: ended(min), max: ended(max), nan }]),
          ),
        }),
        ...(unique.length > 0 && { duplicates: { rows: duplicates, first } }),
        ...(fresh.length > 0 && { newest: Object.fromEntries(fresh.map(({ column, newest }) => [column, newest === -Infinity ? null : newest])) }),
      };
    },
  };
}

/** JSON has no infinity. */
const ended = (value: number): number => Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, value));

function countNulls(values: ArrayLike<unknown>, numRows: number): number {
  if (ArrayBuffer.isView(values)) return 0;
  let count = 0;
  for (let i = 0; i < numRows; i++) if (values[i] === null || values[i] === undefined) count++;
  return count;
}

/** Different for different values: a text may hold what separates the parts, a list may hold what JSON has not. */
const keyPart = (value: unknown): string =>
  typeof value === 'string' ? `${value.length}:${value}` : typeof value === 'object' && value !== null ? JSON.stringify(value, asJson) : String(value);
/** A value of a row. */
const shown = (value: unknown): Json => JSON.parse(JSON.stringify(value ?? null, asJson)) as Json;
const asJson = (_key: string, value: unknown): unknown => {
  if (typeof value === 'bigint') return String(value);
  return ArrayBuffer.isView(value) && !(value instanceof DataView) ? Array.from(value as unknown as ArrayLike<unknown>) : value;
};
