/**
 * Conditions on a read: which row groups of a file can hold a row that satisfies them, by the footer's statistics, and which
 * rows of a batch do. A null satisfies none. Pure. Workers.
 */
import type { FileMetaData } from 'hyparquet';
import type { RowCondition } from '../../dsl/authoring/context.ts';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import type { ColumnType } from './column-types.ts';
import { microseconds } from './instant.ts';

type PredicateValue = number | bigint | string | boolean;
/** All of several must hold. */
export type Predicate = RowCondition;

/** A predicate whose values have the form of their column: microseconds for a timestamp. */
export interface CheckedPredicate {
  readonly type: ColumnType;
  readonly op: Predicate['op'];
  readonly values: readonly PredicateValue[];
}
const OPERATORS = ['=', '<', '<=', '>', '>=', 'in'];

/** Throws HDL-BAD-WHERE. */
export function checkPredicates(predicates: readonly Predicate[], types: readonly ColumnType[], dataset: string): CheckedPredicate[] {
  return predicates.map((predicate) => {
    const { column, op } = predicate;
    const bad = (what: string, fix?: string): HeddleError => new HeddleError('HDL-BAD-WHERE', { what, where: `dataset ${dataset}`, fix });
    const type = types.find(({ name }) => name === column);
    if (!type)
      throw bad(`The condition names a column ${column}, which ${dataset} does not have.`, `Its columns: ${types.map(({ name }) => name).join(', ')}.`);
    if (!OPERATORS.includes(op)) throw bad(`The condition on ${column} has the operator ${String(op)}.`, `Use one of ${OPERATORS.join(' ')}.`);
    const given: readonly unknown[] = Array.isArray(predicate.value) ? predicate.value : [predicate.value];
    const values = given.map((value) => {
      const checked = valueFor(type, value);
      if (checked === undefined)
        throw bad(`The condition ${column} ${op} ${JSON.stringify(value, plain)} compares a column of the kind ${type.kind} with a ${typeof value}.`);
      return checked;
    });
    return { type, op, values };
  });
}
const plain = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? `${value}n` : value);

function valueFor({ kind }: ColumnType, value: unknown): PredicateValue | undefined {
  switch (kind) {
    case 'int':
    case 'int32':
    case 'int64':
    case 'double':
    case 'float':
      return typeof value === 'bigint' || (typeof value === 'number' && !Number.isNaN(value)) ? value : undefined;
    case 'timestamp':
      return microseconds(value) ?? undefined;
    case 'boolean':
      return typeof value === 'boolean' ? value : undefined;
    case 'string':
    case 'category':
      return typeof value === 'string' ? value : undefined;
    case 'decimal':
    case 'doubles':
    case 'vector':
    case 'texts':
    case 'json':
      return undefined;
  }
}

/** For hyparquet's footer: timestamps of the statistics in microseconds, exact but for the last three digits of nanoseconds. */
export const exactInstants = {
  timestampFromMilliseconds: (ms: bigint): bigint => ms * 1000n,
  timestampFromMicroseconds: (us: bigint): bigint => us,
  timestampFromNanoseconds: (ns: bigint): bigint => ns / 1000n,
} as const;

/** Numbers of the row groups that may hold a matching row. Without statistics a group may. */
export function groupsThatMayMatch(metadata: FileMetaData, predicates: readonly CheckedPredicate[]): number[] {
  return metadata.row_groups.flatMap((group, number) => {
    if (Number(group.num_rows) === 0) return [];
    return predicates.every((predicate) => mayMatch(group, predicate)) ? [number] : [];
  });
}

function mayMatch(group: FileMetaData['row_groups'][number], { type, op, values }: CheckedPredicate): boolean {
  const found = group.columns.find(({ meta_data: meta }) => meta?.path_in_schema.length === 1 && meta.path_in_schema[0] === type.name)?.meta_data;
  const statistics = found?.statistics;
  if (!found || !statistics) return true;
  if (statistics.null_count !== undefined && statistics.null_count === found.num_values) return false;
  const isText = type.kind === 'string' || type.kind === 'category';
  // the old fields have no defined order for texts
  const low = bound(statistics.min_value ?? (isText ? undefined : statistics.min), type);
  const high = bound(statistics.max_value ?? (isText ? undefined : statistics.max), type);
  if (low === null || high === null) return true;
  const slack = type.kind === 'timestamp' ? 1n : 0; // nanoseconds were cut to microseconds
  return values.some((value) => {
    const belowMax = compare(value, slack ? (high as bigint) + slack : high);
    const aboveMin = compare(value, slack ? (low as bigint) - slack : low);
    switch (op) {
      case '=':
      case 'in':
        return belowMax <= 0 && aboveMin >= 0;
      case '<':
        return aboveMin > 0;
      case '<=':
        return aboveMin >= 0;
      case '>':
        return belowMax < 0;
      case '>=':
        return belowMax <= 0;
    }
  });
}

/** null for a bound that says nothing: none, NaN, a text that was cut within a character. */
function bound(value: unknown, { kind }: ColumnType): PredicateValue | null {
  switch (kind) {
    case 'timestamp':
      return typeof value === 'bigint' ? value : null;
    case 'boolean':
      return typeof value === 'boolean' ? value : null;
    case 'string':
    case 'category':
      return typeof value === 'string' && !value.includes('\ufffd') ? value : null;
    default:
      return typeof value === 'bigint' || (typeof value === 'number' && !Number.isNaN(value)) ? value : null;
  }
}

/** Texts by their UTF-8 bytes, as Parquet orders them; the rest by JavaScript, which compares numbers with bigints exactly. */
function compare(a: PredicateValue, b: PredicateValue): number {
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Numbers of the rows that satisfy every predicate; null when all do. `columns` holds values as authors get them. */
export function matchingRows(
  predicates: readonly CheckedPredicate[],
  numRows: number,
  columns: Readonly<Record<string, ArrayLike<unknown>>>,
): Int32Array | null {
  if (predicates.length === 0) return null;
  const rows = new Int32Array(numRows);
  let count = 0;
  for (let i = 0; i < numRows; i++) {
    if (predicates.every((predicate) => satisfies(predicate, columns[predicate.type.name]?.[i]))) rows[count++] = i;
  }
  return count === numRows ? null : rows.subarray(0, count);
}

function satisfies({ type, op, values }: CheckedPredicate, raw: unknown): boolean {
  if (raw === null || raw === undefined) return false;
  const value = (type.kind === 'timestamp' ? microseconds(raw) : raw) as PredicateValue | null; // of the column's kind
  if (value === null) return false;
  return values.some((wanted) => {
    if (Number.isNaN(value)) return false;
    const order = compare(value, wanted);
    switch (op) {
      case '=':
      case 'in':
        return order === 0;
      case '<':
        return order < 0;
      case '<=':
        return order <= 0;
      case '>':
        return order > 0;
      case '>=':
        return order >= 0;
    }
  });
}
