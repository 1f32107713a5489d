/** JSON in and out of the catalog's text columns. Only catalog/ uses it. */
import type { Json } from '../dsl/plan/types.ts';

export const toColumn = (value: unknown): string => JSON.stringify(value ?? null);

/** The caller names the type: the catalog reads only what it wrote itself through toColumn. */
export const fromColumn = <T = Json>(text: string): T => JSON.parse(text) as T;
