/**
 * What became of attempts whose process was ended on purpose, for the attempts after them: a note each in the store, which
 * says who was to blame. The watchdog writes a local file before it ends the process; the next process carries it over.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stepUri } from '../activities/step/step-folder.ts';
import type { StepFiles } from '../activities/step/step-host.ts';
import type { RunningStep } from './running-steps.ts';

export interface LostProcess {
  readonly worker: string;
  readonly at: number;
  /** 'blocked its event loop for 61 s at pipelines/train.ts:40'. */
  readonly what: string;
  readonly steps: readonly (RunningStep & { readonly culprit: boolean })[];
}
export interface LostNote {
  readonly culprit: boolean;
  readonly culprits: readonly string[];
  readonly worker: string;
  readonly at: number;
  readonly what: string;
}

export const lostFolder = (stateFolder: string): string => join(stateFolder, 'lost');

/** Synchronous: called by a thread beside a process that is about to end. */
export function writeLost(stateFolder: string, lost: LostProcess): string {
  const folder = lostFolder(stateFolder);
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${lost.at}-${process.pid}.json`);
  writeFileSync(file, JSON.stringify(lost));
  return file;
}

/** Carries local files over to the store; gives them back. A file that cannot be carried stays for the next start. */
export async function carryLost(stateFolder: string, files: StepFiles): Promise<LostProcess[]> {
  const carried: LostProcess[] = [];
  for (const name of names(lostFolder(stateFolder))) {
    const file = join(lostFolder(stateFolder), name);
    try {
      const lost = JSON.parse(readFileSync(file, 'utf8')) as LostProcess; // written by writeLost
      const culprits = lost.steps.filter(({ culprit }) => culprit).map(({ step, task }) => `${step} (${task})`);
      for (const step of lost.steps) {
        const note: LostNote = { culprit: step.culprit, culprits, worker: lost.worker, at: lost.at, what: lost.what };
        await files.write(noteUri(step, step.attempt), Buffer.from(JSON.stringify(note)));
      }
      rmSync(file, { force: true });
      carried.push(lost);
    } catch {
      continue; // another worker of this folder was quicker, or the store does not answer
    }
  }
  return carried;
}

/** Notes about attempts of this activity before `attempt`, newest first. */
export async function lostNotes(files: StepFiles, step: Pick<RunningStep, 'runId' | 'step' | 'scheduledAt' | 'attempt'>): Promise<LostNote[]> {
  const prefix = `lost-${step.scheduledAt}-`;
  const found = (await files.list(stepUri(step.runId, step.step)).catch(() => []))
    .flatMap(({ uri }) => {
      const name = uri.split('/').findLast((part) => part !== '') ?? '';
      const attempt = name.startsWith(prefix) ? Number.parseInt(name.slice(prefix.length), 10) : Number.NaN;
      return attempt < step.attempt ? [{ uri, attempt }] : [];
    })
    .sort((a, b) => b.attempt - a.attempt);
  return Promise.all(found.map(async ({ uri }) => JSON.parse(Buffer.from(await files.read(uri)).toString('utf8')) as LostNote)); // written by carryLost
}

const noteUri = (step: RunningStep, attempt: number): string => `${stepUri(step.runId, step.step)}/lost-${step.scheduledAt}-${attempt}.json`;

function names(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.json'))
      .sort();
  } catch {
    return [];
  }
}
