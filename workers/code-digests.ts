/** Digests of the code of a worker's tasks, made in the background: bundling takes a moment, and steps need not wait for it. */
import { taskDigests } from '../compiler/task-digest.ts';
import type { LoadedTask } from '../compiler/load-project.ts';
import type { TaskValue } from '../dsl/authoring/values.ts';

export interface CodeDigests {
  known(task: TaskValue): string | null;
  get(task: TaskValue): Promise<string | null>;
}

export function codeDigests(tasks: ReadonlyMap<string, LoadedTask>, folder: string): CodeDigests {
  let known: ReadonlyMap<string, string> = new Map();
  let making: Promise<ReadonlyMap<string, string>> | null = null;
  const make = (): Promise<ReadonlyMap<string, string>> =>
    (making ??= taskDigests(
      [...tasks.values()].map(({ value, file, exportName }) => ({
        name: value.name,
        version: value.version,
        file,
        exportName,
        place: value.place,
        command: value.command ?? null,
      })),
      folder,
    ).then(
      (made) => (known = made),
      () => known, // code that cannot be bundled has no digest
    ));
  const of = (digests: ReadonlyMap<string, string>, { name, version }: TaskValue): string | null => digests.get(`${name}@${version}`) ?? null;
  // after the start, which others wait for
  setTimeout(() => void make(), 2_000).unref();
  return { known: (task) => of(known, task), get: async (task) => of(await make(), task) };
}
