/**
 * Loads a project's pipelines and tasks into this process: workers take the tasks' code from here, tests the pipelines.
 * Plans are made elsewhere (compile.ts), under traps. Never throws for an author's mistake.
 */
import { realpathSync } from 'node:fs';
import { calledPipelines, usedTasks } from '../dsl/plan/build-plan.ts';
import type { ResolvedConfig } from '../config/resolved-config.ts';
import { addTask, fileOf, importFiles, type LoadedPipeline, type LoadedTask } from './import-files.ts';
import type { Problem } from './problem.ts';

export type { LoadedPipeline, LoadedTask };
export interface LoadedProject {
  readonly pipelines: ReadonlyMap<string, LoadedPipeline>;
  /** 'name@version' -> task. */
  readonly tasks: ReadonlyMap<string, LoadedTask>;
  readonly problems: readonly Problem[];
}

export async function loadProject(config: Pick<ResolvedConfig, 'folder' | 'pipelines'>): Promise<LoadedProject> {
  const folder = realpathSync(config.folder); // places in stack traces are real paths
  const { pipelines, tasks, problems } = await importFiles(folder, config.pipelines);
  addUsed(pipelines, tasks, problems, folder);
  return { pipelines, tasks, problems };
}

/** Adds what is used but not exported: called pipelines, and tasks of steps. Runs the bodies. */
export function addUsed(pipelines: Map<string, LoadedPipeline>, tasks: Map<string, LoadedTask>, problems: Problem[], folder: string): void {
  // the map grows while it is walked: callees of callees are found too
  for (const { value, file } of pipelines.values()) {
    try {
      for (const callee of calledPipelines(value)) {
        if (!pipelines.has(callee.name))
          pipelines.set(callee.name, { value: callee, file: callee.place === null ? file : fileOf(callee.place), exportName: null });
      }
      for (const task of usedTasks(value)) {
        if (task.rules.pool !== 'heddle')
          addTask(tasks, problems, folder, { value: task, file: task.place === null ? file : fileOf(task.place), exportName: null });
      }
    } catch {
      // the body threw: compile.ts reports it, with its place
    }
  }
}
