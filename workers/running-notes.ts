/**
 * Notes on disk about steps that run in this process, so that the process after a kill can give them back to Temporal at
 * once instead of after their heartbeat timeout. Only for steps that run a while. Linux; elsewhere nothing is noted.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { processStart } from '../activities/command/process-start.ts';
import type { RunningStep } from './running-steps.ts';

const folderOf = (stateFolder: string): string => join(stateFolder, 'running');
const own = processStart(process.pid);
/**
 * A process id means something in its own table of processes only. Two containers with one host name and one state folder have
 * two tables: by the host's name alone one would take the other's living steps for lost.
 */
const host = createHash('sha256').update(`${hostname()}\0${processTable()}`).digest('hex').slice(0, 12);
/** Of a table that is gone, a container's that was replaced: nobody will take these notes. */
const FORGET_MS = 7 * 86_400_000;
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
    const file = join(folderOf(stateFolder), name);
    if (by !== host) forgetOld(file);
    if (by !== host || processStart(Number(pid)) === Number(since)) continue; // another's, or it lives
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

function forgetOld(file: string): void {
  try {
    if (Date.now() - statSync(file).mtimeMs > FORGET_MS) rmSync(file, { force: true });
  } catch {
    // its owner has just removed it
  }
}

/** 'pid:[4026531836]'; '' where the system has no such thing. */
function processTable(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}
