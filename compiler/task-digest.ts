/**
 * The digest of a task's code: its bundle with everything that it cannot reach shaken away, files that it loads by their URL
 * (threads), and the locked versions of the packages that the bundle imports. Comments and formatting do not change it. For lock.ts and workers.
 */
import { readFileSync, statSync } from 'node:fs';
import { dirname, extname, isAbsolute, resolve } from 'node:path';
import { build, type Loader, type Plugin } from 'esbuild';
import { sha256Hex } from '../storage/digest.ts';
import type { TaskSource } from './child-messages.ts';
import { loadedFiles, type WithLoadedFiles } from './loaded-files.ts';
import { lockedVersions, packageOf } from './locked-versions.ts';
import { markPure } from './mark-pure.ts';

/** 'name@version' -> 'sha256:...'. One bundling for all of them. */
export async function taskDigests(tasks: readonly TaskSource[], folder: string): Promise<Map<string, string>> {
  if (tasks.length === 0) return new Map();
  const entries = new Map(tasks.map((task, index) => [`heddle-task-${index}`, task]));
  const { outputFiles, metafile } = await build({
    entryPoints: [...entries.keys()].map((name) => ({ in: name, out: name })),
    plugins: [entryPlugin(entries, loadedFiles(folder))],
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    outdir: 'out',
    absWorkingDir: folder,
    logLevel: 'silent',
    loader: { '.json': 'json', '.node': 'empty', '.wasm': 'binary', '.py': 'text', '.sql': 'text' },
  });
  const versions = lockedVersions(folder);
  const digests = new Map<string, string>();
  for (const [path, output] of Object.entries(metafile.outputs)) {
    const task = entries.get(path.replace(/^.*\//, '').replace(/\.js$/, ''));
    const file = outputFiles.find((found) => found.path.replaceAll('\\', '/').endsWith(path));
    if (!task || !file) continue;
    const packages = [...new Set(output.imports.filter(({ external }) => external).map(({ path: name }) => packageOf(name)))].sort();
    const text = [file.text, ...versions(packages), ...programFiles(task, folder)].join('\n');
    digests.set(`${task.name}@${task.version}`, `sha256:${sha256Hex(text)}`);
  }
  return digests;
}

/** An entry that exports one task. For a task without an export, all of its file counts. */
function entryPlugin(entries: ReadonlyMap<string, TaskSource>, withLoadedFiles: WithLoadedFiles): Plugin {
  return {
    name: 'heddle-task',
    setup(setup) {
      setup.onResolve({ filter: /^heddle-task-\d+$/ }, ({ path }) => ({ path, namespace: 'heddle-task' }));
      // packages stay outside; one whose import nothing reaches is no part of the task. '#x' is the project's own file.
      setup.onResolve({ filter: /^[^./#]/ }, ({ path, kind }) =>
        kind === 'entry-point' || isAbsolute(path) || path.startsWith('heddle-task-') ? undefined : { path, external: true, sideEffects: false },
      );
      setup.onLoad({ filter: /.*/, namespace: 'heddle-task' }, ({ path }) => {
        const task = entries.get(path);
        if (!task) return undefined;
        const from = JSON.stringify(task.file);
        const contents =
          task.exportName === null ? `import * as all from ${from}; export { all };` : `export { ${named(task.exportName)} as task } from ${from};`;
        return { contents, resolveDir: dirname(task.file), loader: 'js' as Loader };
      });
      setup.onLoad({ filter: /\.[cm]?[tj]s$/ }, async ({ path }) => {
        if (path.includes('/node_modules/')) return undefined;
        return { contents: await withLoadedFiles(await markPure(readFileSync(path, 'utf8'), extname(path).includes('t')), path), loader: 'js' };
      });
    },
  };
}
/** A command task's code is its script: arguments that are files of the project count with their content. */
const programFiles = ({ command }: TaskSource, folder: string): string[] =>
  (command ?? []).flatMap((argument) => {
    const path = resolve(folder, argument);
    return statSync(path, { throwIfNoEntry: false })?.isFile() ? [`${argument} ${sha256Hex(readFileSync(path))}`] : [];
  });
const named = (name: string): string => (/^[\w$]+$/.test(name) ? name : JSON.stringify(name));
