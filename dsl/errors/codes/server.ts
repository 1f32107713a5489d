/** Error codes: the API, the catalog and the control plane. Composed into ../registry.ts; each has a page in docs/errors/. */
import type { CodeEntry } from '../registry.ts';

export const serverCodes = {
  'HDL-NO-TOKEN': { title: 'A token is missing or wrong', fix: 'Set HEDDLE_TOKEN, or use the token file that the server wrote.', exit: 2, status: 401 },
} as const satisfies Record<string, CodeEntry>;
