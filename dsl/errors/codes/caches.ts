/** Error codes: caches and prewarming. Composed into ../registry.ts; each has a page in docs/errors/. */
import type { CodeEntry } from '../registry.ts';

export const cachesCodes = {} as const satisfies Record<string, CodeEntry>;
