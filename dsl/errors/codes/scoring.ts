/** Error codes: scoring. Composed into ../registry.ts; each has a page in docs/errors/. */
import type { CodeEntry } from '../registry.ts';

export const scoringCodes = {} as const satisfies Record<string, CodeEntry>;
