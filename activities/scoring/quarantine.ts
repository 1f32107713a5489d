/** Parts the rows that a model may score from those that are out of its range. Pure; worker side. */
import type { FeatureTable } from '../flights/feature-table.ts';
import { outOfRange, type RangeProfile } from '../training/range-profile.ts';
import type { KeptRows } from './kept-rows.ts';

export interface Parted {
  readonly kept: KeptRows;
  readonly rejects: { flight: number; at: number; feature: string; value: number }[];
}

/** Throws when the model was trained on other columns. */
export function partRows(table: FeatureTable, model: { readonly features: readonly string[]; readonly profile: RangeProfile }): Parted {
  if (model.features.join() !== table.features.join())
    throw new Error(`the model takes ${model.features.join(', ')}, and the rows have ${table.features.join(', ')}`);
  const width = table.features.length;
  const bad = outOfRange(table.x, table.features, model.profile);
  const rows = bad.reduce((count, feature) => count + (feature < 0 ? 1 : 0), 0);
  const flight = new Int32Array(rows);
  const x = new Float32Array(rows * width);
  const rejects: Parted['rejects'] = [];
  let to = 0;
  for (let row = 0; row < table.rows; row++) {
    const feature = bad[row]!;
    if (feature >= 0) {
      const value = table.x[row * width + feature]!;
      // JSON and Parquet have no NaN to show: a row without a number shows 0
      rejects.push({ flight: table.flight[row]!, at: table.at[row]!, feature: table.features[feature]!, value: Number.isFinite(value) ? value : 0 });
      continue;
    }
    flight[to] = table.flight[row]!;
    x.set(table.x.subarray(row * width, (row + 1) * width), to * width);
    to++;
  }
  return { kept: { rows, flight, x }, rejects };
}
