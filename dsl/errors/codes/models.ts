/** Error codes: models, registry, lineage, trackers. Composed into ../registry.ts; each has a page in docs/errors/. */
import type { CodeEntry } from '../registry.ts';

export const modelsCodes = {} as const satisfies Record<string, CodeEntry>;
