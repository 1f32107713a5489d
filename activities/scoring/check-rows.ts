/** Every row is accounted for, and not too many of them are bad: what must hold before scores are published. Pure; worker side. */
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import type { Drift } from '../training/drift.ts';
import { columnAlert, shiftedColumns } from './shift.ts';

export interface Quarantined {
  readonly rows: number;
  readonly rejected: number;
  /** Feature and reason -> rows. */
  readonly reasons: ReadonlyMap<string, number>;
  /** Share of the rows that may be bad. */
  readonly tolerate: number;
  readonly drifts: readonly Drift[];
  /** For messages. */
  readonly model: string;
}
/** Throws HDL-QUARANTINE with the numbers, and with the columns that have shifted. */
export function checkQuarantine({ rows, rejected, reasons, tolerate, drifts, model }: Quarantined): void {
  if (rejected <= tolerate * rows) return;
  const kinds = [...reasons].sort(([, a], [, b]) => b - a).map(([kind, count]) => `${kind}: ${count}`);
  const shifted = shiftedColumns(drifts);
  throw new HeddleError('HDL-QUARANTINE', {
    what: `${rejected} of ${rows} rows (${percent(rejected / rows)}) cannot be scored, and ${percent(tolerate)} may be so (${kinds.slice(0, 5).join(', ')}).`,
    where: `model ${model}`,
    why: shifted.length > 0 ? `${shifted.map(columnAlert).join('; ')}.` : undefined,
  });
}
const percent = (share: number): string => `${Math.round(share * 10_000) / 100} %`;

export interface RowCounts {
  readonly rows: number;
  readonly kept: number;
  readonly quarantined: number;
  readonly scored: number;
  /** To which the model gave no finite number. */
  readonly failed: number;
}
/** Throws HDL-ROWS-LOST unless rows = scored + failed + quarantined, to the row. */
export function accountForRows({ rows, kept, quarantined, scored, failed }: RowCounts): void {
  if (kept + quarantined === rows && scored + failed === kept) return;
  throw new HeddleError('HDL-ROWS-LOST', {
    what: `The rows do not add up: ${rows} in, ${quarantined} quarantined and ${kept} kept, of which ${scored} were scored and ${failed} failed.`,
  });
}

/** Throws HDL-ROWS-LOST unless the shards, in their order, cover `rows` rows, each once. */
export function checkShards(rows: number, shards: readonly { readonly id: string; readonly first: number; readonly count: number }[]): void {
  let at = 0;
  for (const { id, first, count } of shards) {
    if (first !== at) throw new HeddleError('HDL-ROWS-LOST', { what: `Shard ${id} begins at row ${first}, and those before it end at row ${at}.` });
    at += count;
  }
  if (at !== rows) throw new HeddleError('HDL-ROWS-LOST', { what: `The shards have ${at} rows, and the slice has ${rows}.` });
}
