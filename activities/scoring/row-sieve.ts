/**
 * Parts the rows that a model may score from those that it must not, batch by batch, and says what the columns of the day look
 * like as it goes. Pure; worker side.
 */
import type { RangeProfile } from '../training/range-profile.ts';
import type { KeptRows } from './kept-rows.ts';
import { boundsOf, reasonOf, type ModelSchema, type Reason } from './model-schema.ts';

export interface RowReject {
  /** Number of the row among all that were sifted. */
  readonly row: number;
  readonly feature: string;
  readonly reason: Reason;
  /** 0 where there is no finite number: neither JSON nor a column of the quarantine holds another. */
  readonly value: number;
}
type Column = ArrayLike<number | bigint | null>;

export class RowSieve {
  /** The first `keepRejects` of them. */
  readonly rejects: RowReject[] = [];
  /** Feature and reason -> rows. */
  readonly reasons = new Map<string, number>();
  rejected = 0;
  rows = 0;
  private readonly schema: ModelSchema;
  private readonly keepRejects: number;
  private readonly low: Float64Array;
  private readonly high: Float64Array;
  private readonly seen: { count: number; sum: number; squares: number; min: number; max: number }[];

  constructor(schema: ModelSchema, { keepRejects }: { readonly keepRejects: number }) {
    this.schema = schema;
    this.keepRejects = keepRejects;
    ({ low: this.low, high: this.high } = boundsOf(schema));
    this.seen = schema.features.map(() => ({ count: 0, sum: 0, squares: 0, min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY }));
  }

  /** `columns` has each feature; `key`: what the kept rows are known by. Throws a plain Error for a feature that is no column. */
  sift(numRows: number, columns: Readonly<Record<string, unknown>>, key: ArrayLike<number>): KeptRows {
    const { features } = this.schema;
    const width = features.length;
    const x = new Float32Array(numRows * width);
    const bad = new Int16Array(numRows).fill(-1);
    const nulls = features.map((name, f) => this.fill(x, bad, f, columns[name] as Column | undefined, name)); // looked at there
    const flight = new Int32Array(numRows);
    let to = 0;
    for (let row = 0; row < numRows; row++) {
      const f = bad[row]!;
      if (f >= 0) {
        this.reject(this.rows + row, f, x[row * width + f]!, nulls[f]?.[row] === 1);
        continue;
      }
      flight[to] = key[row]!;
      if (to !== row) x.copyWithin(to * width, row * width, (row + 1) * width);
      to++;
    }
    this.rows += numRows;
    return { rows: to, flight: flight.slice(0, to), x: x.slice(0, to * width) };
  }

  /** Of all rows that were sifted, those out of range too: a shifted column must show. Features that were never a number are left out. */
  profile(): RangeProfile {
    return Object.fromEntries(
      this.schema.features.flatMap((name, f) => {
        const { count, sum, squares, min, max } = this.seen[f]!;
        if (count === 0) return [];
        const mean = sum / count;
        return [[name, { min, max, mean, std: Math.sqrt(Math.max(0, squares / count - mean * mean)) }]];
      }),
    );
  }

  /** 1 for each row that is a null; null: none is. */
  private fill(x: Float32Array, bad: Int16Array, f: number, column: Column | undefined, name: string): Uint8Array | null {
    if (!column || column.length < bad.length) throw new Error(`the rows have no column ${name}, which the model takes`);
    const width = this.schema.features.length;
    const instead = this.schema.impute?.[name] ?? null;
    const low = this.low[f]!;
    const high = this.high[f]!;
    const seen = this.seen[f]!;
    let nulls: Uint8Array | null = null;
    for (let row = 0; row < bad.length; row++) {
      const given = column[row];
      const isNull = given === null || given === undefined;
      if (isNull) (nulls ??= new Uint8Array(bad.length))[row] = 1;
      const at = row * width + f;
      x[at] = isNull ? (instead ?? Number.NaN) : Number(given);
      const value = x[at]!;
      if (!isNull && Number.isFinite(value)) {
        seen.count++;
        seen.sum += value;
        seen.squares += value * value;
        if (value < seen.min) seen.min = value;
        if (value > seen.max) seen.max = value;
      }
      if (bad[row]! < 0 && !(isNull && instead !== null) && !(value >= low && value <= high)) bad[row] = f;
    }
    return nulls;
  }
  private reject(row: number, f: number, value: number, isNull: boolean): void {
    const feature = this.schema.features[f]!;
    const reason = reasonOf(value, isNull, this.low[f]!);
    this.rejected++;
    const kind = `${feature} ${reason}`;
    this.reasons.set(kind, (this.reasons.get(kind) ?? 0) + 1);
    if (this.rejects.length < this.keepRejects) this.rejects.push({ row, feature, reason, value: Number.isFinite(value) ? value : 0 });
  }
}
