/**
 * Notes which process groups a worker has started, so that those of a worker that was killed are ended by whoever comes
 * after it. A process id used anew is told apart by its start time. Linux; elsewhere nothing is swept.
 */
import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { processPlace } from './process-place.ts';
import { processStart } from './process-start.ts';
import { killGroup } from './run-process.ts';

const folderOf = (scratchFolder: string): string => join(scratchFolder, 'groups');

/** Gives what removes the note. */
export function noteGroup(scratchFolder: string, pid: number | undefined): () => void {
  const since = pid === undefined ? null : processStart(pid);
  const place = processPlace();
  if (pid === undefined || since === null || place === null) return () => undefined;
  const folder = folderOf(scratchFolder);
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${place}-${process.pid}-${processStart(process.pid) ?? 0}-${pid}-${since}`);
  writeFileSync(file, '');
  return () => {
    rmSync(file, { force: true });
  };
}

/** Notes of another place are its own workers' matter; those of a place that is no more go after this time. */
const FORGET_MS = 7 * 24 * 3_600_000;

/** Ends the groups of workers that are gone. Gives the group ids. */
export function sweepGroups(scratchFolder: string): number[] {
  const swept: number[] = [];
  for (const name of names(folderOf(scratchFolder))) {
    const [place, ...numbers] = name.split('-');
    if (place !== processPlace()) {
      forgetOld(join(folderOf(scratchFolder), name));
      continue;
    }
    const [owner = 0, ownerSince, pid = 0, since] = numbers.map(Number);
    if (processStart(owner) === ownerSince) continue; // its worker lives
    // The leader may be gone while the rest of its group runs on: an id that no process has cannot have been used anew.
    const now = processStart(pid);
    if (now === null || now === since) {
      killGroup(pid, 'SIGKILL');
      swept.push(pid);
    }
    rmSync(join(folderOf(scratchFolder), name), { force: true });
  }
  return swept;
}

function forgetOld(file: string): void {
  const { mtimeMs } = statSync(file, { throwIfNoEntry: false }) ?? { mtimeMs: Date.now() };
  if (Date.now() - mtimeMs > FORGET_MS) rmSync(file, { force: true });
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
