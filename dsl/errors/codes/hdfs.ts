/** Error codes: HDFS over HTTP. Composed into ../registry.ts; each has a page in docs/errors/. */
import type { CodeEntry } from '../registry.ts';

export const hdfsCodes = {} as const satisfies Record<string, CodeEntry>;
