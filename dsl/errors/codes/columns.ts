/** Error codes: Parquet files and their schemas. Composed into ../registry.ts; each has a page in docs/errors/. */
import type { CodeEntry } from '../registry.ts';

export const columnsCodes = {} as const satisfies Record<string, CodeEntry>;
