/**
 * Log lines that workers pushed, in files of the server: <stateFolder>/logs/<runId>/<step>/, a file an attempt. For the tail of a
 * running step; the store holds the whole log once the attempt has ended. Server only.
 */
import { appendFile, mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { LogLine, Page } from '../../dsl/contract/api.ts';
import { attemptFile, newestAttempt, type AttemptNumber } from '../../storage/attempt-file.ts';
import { stepFolder } from '../../storage/step-folder.ts';

/** Cap of a file, as for an attempt's own log. */
const MAX_BYTES = 10 * 1024 * 1024;
const PAGE_BYTES = 256 * 1024;

export interface LogFiles {
  append(runId: string, lines: readonly LogLine[]): Promise<void>;
  /** Null where nothing was pushed. `after`: byte offset. The newest attempt of those asked for. */
  read(runId: string, step: string, asked: Partial<AttemptNumber>, after: number): Promise<Page<LogLine> | null>;
  /** Of the files of a step's attempts. */
  names(runId: string, step: string): Promise<string[]>;
  /** Removes logs of runs untouched since then. */
  prune(before: number): Promise<void>;
}

export function createLogFiles(root: string): LogFiles {
  const folderOf = (runId: string, step: string): string => join(root, stepFolder(runId), stepFolder(step));
  return {
    async append(runId, lines) {
      const files = new Map<string, string>();
      for (const line of lines) {
        const file = join(folderOf(runId, line.step), attemptFile({ retry: line.retry ?? 0, attempt: line.attempt }));
        files.set(file, `${files.get(file) ?? ''}${JSON.stringify(line)}\n`);
      }
      for (const [file, text] of files) {
        await mkdir(dirname(file), { recursive: true });
        const size = await stat(file).then(
          (found) => found.size,
          () => 0,
        );
        if (size < MAX_BYTES) await appendFile(file, text);
      }
    },
    async read(runId, step, asked, after) {
      const folder = folderOf(runId, step);
      const newest = newestAttempt(await readdir(folder).catch(() => []), asked);
      const file = newest ? await open(join(folder, attemptFile(newest))).catch(() => null) : null;
      if (!file) return null;
      try {
        const { buffer, bytesRead } = await file.read(Buffer.alloc(PAGE_BYTES), 0, PAGE_BYTES, after);
        return parsePage(buffer.subarray(0, bytesRead), after);
      } finally {
        await file.close();
      }
    },
    names: (runId, step) => readdir(folderOf(runId, step)).catch(() => []),
    async prune(before) {
      for (const name of await readdir(root).catch(() => [] as string[])) {
        const folder = join(root, name);
        const found = await stat(folder).catch(() => null);
        if (found && found.mtimeMs < before) await rm(folder, { recursive: true, force: true });
      }
    },
  };
}

/** Whole lines of a piece of a file; `next` is the offset behind them, null when the piece was empty. */
export function parsePage(bytes: Uint8Array, after: number): Page<LogLine> {
  const text = Buffer.from(bytes);
  const end = text.lastIndexOf(10) + 1;
  const items = text
    .subarray(0, end)
    .toString('utf8')
    .split('\n')
    .flatMap((line): LogLine[] => {
      if (line === '') return [];
      try {
        return [JSON.parse(line) as LogLine]; // written by the worker's logger
      } catch {
        return [];
      }
    });
  return { items, next: end > 0 ? String(after + end) : null };
}
