/**
 * Paths from $partition to another partition of its dimension: ['next'], ['previous', 'previous'], or ['-7'] for seven before.
 * Plans hold them in refs; recorder, calendar and planner read them by this file alone.
 */
import type { Json, JsonObject } from './types.ts';

/** partition.offset() goes no further. */
export const FURTHEST_OFFSET = 10_000;

/** The field of $partition that holds the partition so many later: '-7', '+2'. */
export const offsetField = (by: number): string => (by < 0 ? String(by) : `+${by}`);

/** 1 for 'next', -7 for '-7', null for a field of the partition itself. */
export function stepOf(part: string): number | null {
  if (part === 'next') return 1;
  if (part === 'previous') return -1;
  return /^[+-]\d+$/.test(part) ? Number(part) : null;
}

/** How many partitions away a ref into $partition leads, and to which field: ['$partition', 'previous', 'day'] gives -1 and 'day'. */
export function partitionStep(ref: readonly string[]): { readonly by: number; readonly field: string | undefined } {
  let by = 0;
  for (let i = 1; i < ref.length; i++) {
    const step = stepOf(ref[i] ?? '');
    if (step === null) return { by, field: ref[i] };
    by += step;
  }
  return { by, field: undefined };
}

/** The path that leads so many partitions away: neighbours by name, those further off by number. */
export function pathTo(by: number): readonly string[] {
  if (Math.abs(by) > 2) return [offsetField(by)];
  return Array.from({ length: Math.abs(by) }, () => (by < 0 ? 'previous' : 'next'));
}

/** The numbers of all partitions that a plan names by number. */
export function offsetsIn(json: Json): number[] {
  const found = new Set<number>();
  const visit = (part: Json): void => {
    if (part === null || typeof part !== 'object') return;
    const path = Array.isArray(part) ? undefined : (part as JsonObject)['$ref'];
    const field = Array.isArray(path) && path[0] === '$partition' ? path[1] : undefined;
    if (typeof field === 'string' && /^[+-]\d+$/.test(field)) found.add(Number(field));
    for (const inner of Object.values(part)) visit(inner as Json);
  };
  visit(json);
  return [...found].toSorted((a, b) => a - b);
}
