/**
 * Code that a task loads by a URL, `new URL('./thread.ts', import.meta.url)`, is no import, and part of the task all the same: a
 * thread, a module of formulas, a data file. Such a URL gets the digest of its file in the bundle; where the bundle cannot reach the URL, it
 * goes with it. For task-digest.ts.
 */
import { readFileSync, statSync } from 'node:fs';
import { dirname, extname, resolve } from 'node:path';
import { build } from 'esbuild';
import { sha256Hex } from '../storage/digest.ts';
import { lockedVersions, packageOf } from './locked-versions.ts';

/** The source of the file at `path`, with the digests of the files that it loads. */
export type WithLoadedFiles = (source: string, path: string) => Promise<string>;

/** A literal path; its extension may be that of the file itself, which is .ts as a source and .js as it is published. */
const LOADED = /new URL\(\s*(['"`])(\.{1,2}\/[^'"`$\s]*?)(\$\{extname\(import\.meta\.url\)\})?\1\s*,\s*import\.meta\.url\s*\)/g;
const isCode = (path: string): boolean => /\.[cm]?[tj]s$/.test(path);

/** `folder`: of the project, whose lock file has the versions of packages. One for each bundling: what is known of a file is kept. */
export function loadedFiles(folder: string): WithLoadedFiles {
  const digests = new Map<string, Promise<string>>();
  const versions = lockedVersions(folder);

  const digestOf = (path: string, within: readonly string[]): Promise<string> => {
    if (within.includes(path)) return Promise.resolve('itself'); // a file that starts itself as a thread
    const known = digests.get(path);
    if (known) return known;
    const made = isCode(path) ? bundled(path, [...within, path]) : Promise.resolve(sha256Hex(readFileSync(path)));
    digests.set(path, made);
    return made;
  };

  const marked = async (source: string, path: string, within: readonly string[]): Promise<string> => {
    const digested = new Map<string, string>();
    for (const [whole, , name, own] of source.matchAll(LOADED)) {
      const file = resolve(dirname(path), `${name}${own ? extname(path) : ''}`);
      if (statSync(file, { throwIfNoEntry: false })?.isFile()) digested.set(whole, `new URL("${name}#${await digestOf(file, within)}", import.meta.url)`);
    }
    return source.replaceAll(LOADED, (whole) => digested.get(whole) ?? whole);
  };

  const bundled = async (entry: string, within: readonly string[]): Promise<string> => {
    const { outputFiles, metafile } = await build({
      entryPoints: [entry],
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
      packages: 'external',
      plugins: [
        {
          name: 'heddle-loaded',
          setup(setup) {
            setup.onLoad({ filter: /\.[cm]?[tj]s$/ }, async ({ path }) =>
              path.includes('/node_modules/')
                ? undefined
                : { contents: await marked(readFileSync(path, 'utf8'), path, within), loader: extname(path).includes('t') ? 'ts' : 'js' },
            );
          },
        },
      ],
    });
    const imports = Object.values(metafile.outputs).flatMap((output) => output.imports);
    const packages = [...new Set(imports.filter(({ external }) => external).map(({ path }) => packageOf(path)))].sort();
    return sha256Hex([...outputFiles.map(({ text }) => text), ...versions(packages)].join('\n'));
  };

  return (source, path) => marked(source, path, []);
}
