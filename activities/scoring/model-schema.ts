/** What scoring must know of a model's input beside its weights. A model's meta.json has it (activities/training). Pure. */
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import type { RangeProfile } from '../training/range-profile.ts';

export interface ModelSchema {
  /** In the order of the model's input. */
  readonly features: readonly string[];
  /** What they looked like in training; null: any finite number will do. */
  readonly profile: RangeProfile | null;
  /** Feature -> what stands for a null. A null of another feature sends its row to quarantine. */
  readonly impute?: Readonly<Record<string, number>>;
}
/** `width`: what the model itself says. `columns`: what the rows have. Throws HDL-MODEL-INPUT. */
export function checkFeatures(features: readonly string[], width: number | null, columns: readonly string[], where: string): void {
  const missing = features.filter((name) => !columns.includes(name));
  const bad = (what: string): HeddleError => new HeddleError('HDL-MODEL-INPUT', { what, where });
  if (missing.length > 0) throw bad(`The model takes ${missing.join(', ')}, and the rows have no such column.`);
  if (width !== null && width !== features.length)
    throw bad(`The model takes ${width} features, and its meta.json names ${features.length}: ${features.join(', ')}.`);
}

/** Bounds of each feature: a value may lie outside of the range of training by a quarter of its width. */
export function boundsOf({ features, profile }: ModelSchema): { readonly low: Float64Array; readonly high: Float64Array } {
  const low = new Float64Array(features.length).fill(-Number.MAX_VALUE);
  const high = new Float64Array(features.length).fill(Number.MAX_VALUE);
  for (const [f, name] of features.entries()) {
    const range = profile?.[name];
    if (!range) continue;
    const slack = (range.max - range.min) * 0.25;
    low[f] = range.min - slack;
    high[f] = range.max + slack;
  }
  return { low, high };
}
/** Why a value cannot be scored. */
export type Reason = 'null' | 'not a number' | 'infinite' | 'below the range' | 'above the range' | 'no score';
/** `value` is known to be bad. */
export function reasonOf(value: number, isNull: boolean, low: number): Reason {
  if (isNull) return 'null';
  if (Number.isNaN(value)) return 'not a number';
  if (!Number.isFinite(value)) return 'infinite';
  return value < low ? 'below the range' : 'above the range';
}
