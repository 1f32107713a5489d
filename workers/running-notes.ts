/**
 * Notes on disk about steps that run in this process, so that the process after a kill can give them back to Temporal at
 * once instead of after their heartbeat timeout. Only for steps that run a while. Linux; elsewhere nothing is noted.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { processStart } from '../activities/command/process-start.ts';
import type { RunningStep } from './running-steps.ts';

const folderOf = (stateFolder: string): string => join(stateFolder, 'running');
const own = processStart(process.pid);
/** A process id means something on its own host, and in its own container: what others noted in a shared folder is theirs. */
const host = createHash('sha256').update(hostname()).digest('hex').slice(0, 12);
let count = 0;

/** Gives what removes the note. Never throws: a full disk must not fail a step that needs none. */
export function noteRunning(stateFolder: string, worker: string, step: RunningStep): () => void {
  if (own === null) return () => undefined;
  const file = join(folderOf(stateFolder), `${host}-${process.pid}-${own}-${++count}`);
  try {
    mkdirSync(folderOf(stateFolder), { recursive: true });
    writeFileSync(file, JSON.stringify({ worker, step }));
  } catch {
    return () => undefined;
  }
  return () => {
    rmSync(file, { force: true });
  };
}

export interface KilledStep {
  readonly worker: string;
  readonly step: RunningStep;
}

/** Steps of this host's processes that are gone; their notes are removed. */
export function takeKilled(stateFolder: string): KilledStep[] {
  const killed: KilledStep[] = [];
  for (const name of names(folderOf(stateFolder))) {
    const [by, pid, since] = name.split('-');
    if (by !== host || processStart(Number(pid)) === Number(since)) continue; // another's, or it lives
    const file = join(folderOf(stateFolder), name);
    try {
      killed.push(JSON.parse(readFileSync(file, 'utf8')) as KilledStep); // written above
    } catch {
      // cut short by the kill, or taken by another worker
    }
    rmSync(file, { force: true });
  }
  return killed;
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
