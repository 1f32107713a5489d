/** Where a step's own files lie in the store. Any process that reads or writes them imports this. */

/** A step path as one folder name: no separators, never '.' or '..'. The same encoding as the server's log files. */
export const stepFolder = (step: string): string =>
  encodeURIComponent(step)
    .replaceAll('*', '%2A')
    .replace(/^\.+/, (dots) => '%2E'.repeat(dots.length))
    .slice(0, 200) || '_';

/** Folder of checkpoint, artifacts and item lists of a step; the same for all its attempts. */
export const stepUri = (runId: string, step: string): string => `store://steps/${runId}/${stepFolder(step)}`;

/** The log of an attempt, once it has ended. */
export const logUri = (runId: string, step: string, attempt: number): string => `store://logs/${runId}/${stepFolder(step)}/${attempt}.jsonl`;
