/**
 * Where a running `heddle dev` left word of itself: <stateFolder>/dev.json. Its ports may differ from the configured ones
 * (when those were taken), so other commands in the same project look here for the server.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface DevState {
  readonly pid: number;
  /** Address of the API. */
  readonly server: string;
  /** host:port of Temporal. */
  readonly temporal: string;
  /** Address of Temporal's own page, null without one. */
  readonly temporalUi: string | null;
  readonly project: string;
}

const fileOf = (stateFolder: string): string => join(stateFolder, 'dev.json');

/** Null when no `heddle dev` runs there. */
export function readDevState(stateFolder: string): DevState | null {
  try {
    const state = JSON.parse(readFileSync(fileOf(stateFolder), 'utf8')) as DevState; // written below
    return runs(state.pid) ? state : null;
  } catch {
    return null;
  }
}

export function writeDevState(stateFolder: string, state: DevState): void {
  mkdirSync(stateFolder, { recursive: true });
  const file = fileOf(stateFolder);
  writeFileSync(`${file}.new`, `${JSON.stringify(state, null, 2)}\n`);
  renameSync(`${file}.new`, file);
}

export const removeDevState = (stateFolder: string): void => rmSync(fileOf(stateFolder), { force: true });

/** A process of this number that is a Node program: numbers are used again, in containers soon. */
function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // it lives, under another user
  }
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('dev');
  } catch {
    return true; // no /proc here: believe the number
  }
}
