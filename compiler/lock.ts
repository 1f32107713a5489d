/**
 * heddle.lock: the digest of each task's code, committed beside the pipelines. A changed digest under the same version is
 * a question to the author: same meaning, or a new version? For check.ts.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { TaskSource } from './child-messages.ts';
import { problemOf, type Problem } from './problem.ts';
import { taskDigests } from './task-digest.ts';

export interface LockOptions {
  /** Names of tasks ('flights.train', 'flights.train@3') whose changed code keeps its meaning; '*' for all. */
  readonly accept?: readonly string[];
  /** False: heddle.lock is compared and not written. Default true: new tasks are added. */
  readonly write?: boolean;
}
export interface LockReport {
  readonly problems: readonly Problem[];
  /** 'name@version' of each. */
  readonly added: readonly string[];
  readonly accepted: readonly string[];
}

export const LOCK_FILE = 'heddle.lock';

export async function checkLock(tasks: readonly TaskSource[], folder: string, options: LockOptions = {}): Promise<LockReport> {
  const file = join(folder, LOCK_FILE);
  const known = readLock(file);
  if (known === null)
    return {
      problems: [
        problemOf(
          { code: 'HDL-LOCK-INVALID', what: `${LOCK_FILE} is not JSON of the form { "tasks": { "name@version": "sha256:..." } }.`, where: file },
          folder,
        ),
      ],
      added: [],
      accepted: [],
    };
  let digests: Map<string, string>;
  try {
    digests = await taskDigests(tasks, folder);
  } catch (error) {
    return { problems: [bundleProblem(error, folder)], added: [], accepted: [] };
  }
  const problems: Problem[] = [];
  const added: string[] = [];
  const accepted: string[] = [];
  const next = { ...known };
  for (const task of tasks) {
    const use = `${task.name}@${task.version}`;
    const digest = digests.get(use);
    if (digest === undefined || known[use] === digest) continue;
    if (known[use] === undefined) added.push(use);
    else if (options.accept?.some((name) => name === '*' || name === use || name === task.name)) accepted.push(use);
    else {
      problems.push(changed(task, folder));
      continue;
    }
    next[use] = digest;
  }
  const unknown = (options.accept ?? []).filter((name) => name !== '*' && !tasks.some((task) => name === task.name || name === `${task.name}@${task.version}`));
  for (const name of unknown)
    problems.push(problemOf({ code: 'HDL-TASK-CHANGED', what: `There is no task "${name}" to accept.`, fix: 'Name a task of the project.' }, folder));
  // versions of before stay, so that a return to one of them is seen; tasks that are gone leave
  for (const use of Object.keys(next)) if (!tasks.some((task) => use.startsWith(`${task.name}@`))) delete next[use];
  if (options.write !== false) writeLock(file, next, known);
  return { problems, added, accepted };
}

function changed(task: TaskSource, folder: string): Problem {
  const use = `${task.name}@${task.version}`;
  return problemOf(
    {
      code: 'HDL-TASK-CHANGED',
      what: `The code of task ${use} is not the one in ${LOCK_FILE}: same meaning, or a new version?`,
      why: 'A version stands for the meaning of the output; a new one makes the partitions that it wrote stale.',
      where: task.place ?? task.file,
      fix: `Same meaning: heddle check --accept ${task.name}. Another meaning: raise version '${task.version}' at this place.`,
    },
    folder,
  );
}

/** The bundler says where: { errors: [{ text, location: { file, line, column } }] }. */
function bundleProblem(error: unknown, folder: string): Problem {
  const first = (
    error as {
      readonly errors?: readonly {
        readonly text: string;
        readonly location: { readonly file: string; readonly line: number; readonly column: number } | null;
      }[];
    }
  ).errors?.[0];
  const where = first?.location ? `${resolve(folder, first.location.file)}:${first.location.line}:${first.location.column + 1}` : null;
  return problemOf(
    {
      code: 'HDL-FILE-THREW',
      what: `The code of the tasks cannot be bundled for ${LOCK_FILE}: ${first?.text ?? String(error)}.`,
      where,
      fix: 'Mend the import at that place.',
    },
    folder,
  );
}

function readLock(file: string): Readonly<Record<string, string>> | null {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return {};
  }
  try {
    const { tasks } = JSON.parse(text) as { readonly tasks?: unknown };
    if (typeof tasks !== 'object' || tasks === null || Array.isArray(tasks)) return null;
    return Object.values(tasks).every((digest) => typeof digest === 'string') ? (tasks as Readonly<Record<string, string>>) : null;
  } catch {
    return null;
  }
}

function writeLock(file: string, tasks: Readonly<Record<string, string>>, before: Readonly<Record<string, string>>): void {
  const sorted = Object.fromEntries(Object.entries(tasks).sort(([a], [b]) => (a < b ? -1 : 1)));
  if (JSON.stringify(sorted) === JSON.stringify(before)) return;
  writeFileSync(`${file}.new`, `${JSON.stringify({ tasks: sorted }, null, 2)}\n`);
  renameSync(`${file}.new`, file);
}
