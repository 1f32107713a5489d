/**
 * Imports a project's pipeline files as they are (Node strips the types) and collects the pipelines and tasks that they
 * export. No body runs here. Used by the loader and the compiling child; never throws for an author's mistake.
 */
import { pathToFileURL } from 'node:url';
import { taskOf, pipelineOf, type PipelineValue, type TaskValue } from '../dsl/authoring/values.ts';
import { shared } from '../dsl/plan/recording.ts';
import { findFiles } from './find-files.ts';
import { ofError, parsePlace, problemOf, relativeFile, type Problem } from './problem.ts';
import { framesOf, ownPlace, syntaxPlace } from './stack.ts';

export interface LoadedPipeline {
  readonly value: PipelineValue;
  /** Absolute. */
  readonly file: string;
  /** Null for one that was found because another calls it. */
  readonly exportName: string | null;
}
export interface LoadedTask {
  readonly value: TaskValue;
  readonly file: string;
  readonly exportName: string | null;
}
export interface ImportedFiles {
  readonly files: readonly string[];
  readonly pipelines: Map<string, LoadedPipeline>;
  /** 'name@version' -> task. */
  readonly tasks: Map<string, LoadedTask>;
  readonly problems: Problem[];
}

export async function importFiles(folder: string, globs: readonly string[], onFile: (file: string) => void = () => undefined): Promise<ImportedFiles> {
  const files = findFiles(folder, globs);
  const imported: ImportedFiles = { files, pipelines: new Map(), tasks: new Map(), problems: [] };
  if (files.length === 0) imported.problems.push(problemOf({ code: 'HDL-NO-FILES', what: `No file matches ${globs.join(', ')}.` }, folder));
  const failed = new Set<string>();
  for (const file of files) {
    onFile(file);
    try {
      const module = (await import(pathToFileURL(file).href)) as Record<string, unknown>;
      // sorted by the language: Object.keys of a namespace
      for (const [exportName, value] of Object.entries(module)) collect(imported, folder, file, exportName, value);
    } catch (error) {
      failed.add(file);
      imported.problems.push(importProblem(error, file, folder));
    }
  }
  imported.problems.push(...notExported(imported, folder, failed));
  return imported;
}

function collect({ pipelines, tasks, problems }: ImportedFiles, folder: string, file: string, exportName: string, value: unknown): void {
  const pipeline = pipelineOf(value);
  const task = taskOf(value);
  if (pipeline) {
    const known = pipelines.get(pipeline.name);
    if (!known) pipelines.set(pipeline.name, { value: pipeline, file, exportName });
    else if (known.value !== pipeline) {
      const other = relativePlaceOf(known.value.place ?? known.file, folder);
      problems.push(
        problemOf(
          { code: 'HDL-DUPLICATE-PIPELINE', what: `Two pipelines are called "${pipeline.name}": here and at ${other}.`, where: pipeline.place ?? file },
          folder,
        ),
      );
    }
  }
  if (task && task.rules.pool !== 'heddle')
    addTask(tasks, problems, folder, { value: task, file: task.place === null ? file : fileOf(task.place), exportName });
}

/** Adds a task; a second one of its name and version is a problem. */
export function addTask(tasks: Map<string, LoadedTask>, problems: Problem[], folder: string, task: LoadedTask): void {
  const use = `${task.value.name}@${task.value.version}`;
  const known = tasks.get(use);
  if (!known) tasks.set(use, task);
  else if (known.value === task.value) {
    if (known.exportName === null) tasks.set(use, task);
  } else if (known.value.place !== task.value.place || known.value.place === null) {
    const other = relativePlaceOf(known.value.place ?? known.file, folder);
    problems.push(
      problemOf({ code: 'HDL-DUPLICATE-TASK', what: `Two tasks are called ${use}: here and at ${other}.`, where: task.value.place ?? task.file }, folder),
    );
  }
}

function importProblem(error: unknown, file: string, folder: string): Problem {
  const syntax = error instanceof SyntaxError ? syntaxPlace(error) : null;
  if (syntax !== null) {
    const { message } = error as SyntaxError;
    return problemOf(
      { code: 'HDL-FILE-SYNTAX', what: `${relativeFile(file, folder)} cannot be read: ${message}${/[.!?]$/.test(message) ? '' : '.'}`, where: syntax },
      folder,
    );
  }
  const where = ownPlace(framesOf(error), folder) ?? file;
  const text = (message: string): string => `${relativeFile(file, folder)} threw while it was imported: ${message.replaceAll(`${folder}/`, '')}.`;
  return ofError(error, 'HDL-FILE-THREW', text, where, folder);
}

/** Pipelines declared in one of the files and exported by none. */
function notExported({ files, pipelines, problems }: ImportedFiles, folder: string, failed: ReadonlySet<string>): Problem[] {
  const exported = new Set([...pipelines.values()].map(({ value }) => value));
  const known = new Set(problems.filter(({ code }) => code === 'HDL-DUPLICATE-PIPELINE').map(({ file, line, column }) => `${file}:${line}:${column}`));
  return shared.declared
    .filter((value) => {
      if (value.place === null || exported.has(value)) return false;
      const file = fileOf(value.place);
      return files.includes(file) && !failed.has(file) && !known.has(relativePlaceOf(value.place, folder));
    })
    .map((value) => problemOf({ code: 'HDL-NOT-EXPORTED', what: `The pipeline "${value.name}" is not exported.`, where: value.place }, folder));
}

export const fileOf = (place: string): string => place.replace(/(:\d+){1,2}$/, '');
const relativePlaceOf = (place: string, folder: string): string => {
  const { file, line, column } = parsePlace(place, folder);
  return [file, line, column].filter((part) => part !== null).join(':');
};
