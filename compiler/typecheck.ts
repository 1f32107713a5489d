/**
 * Runs the TypeScript compiler over a project's pipeline files, with the author's settings where there is a tsconfig.json
 * and strict ones where there is none. For check.ts.
 */
import { spawn } from 'node:child_process';
import { existsSync, globSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ResolvedConfig } from '../config/resolved-config.ts';
import { sha256Hex } from '../storage/digest.ts';
import { parseDiagnostics } from './diagnostics.ts';
import { problemOf, relativeFile, type Problem } from './problem.ts';

export type TypecheckConfig = Pick<ResolvedConfig, 'folder' | 'file' | 'stateFolder'>;

/** What an author gets without a tsconfig.json. */
const STRICT = {
  target: 'es2024',
  // not nodenext: Node runs these files as modules, whatever the nearest package.json says
  module: 'preserve',
  moduleResolution: 'bundler',
  strict: true,
  noUncheckedIndexedAccess: true,
  allowImportingTsExtensions: true,
  erasableSyntaxOnly: true,
  verbatimModuleSyntax: true,
  skipLibCheck: true,
};

/** `files` are absolute. Folder must be a real path. `from`: files whose dependencies the compiler is looked for in, in order. */
export async function typecheck(
  config: TypecheckConfig,
  files: readonly string[],
  from: readonly string[] = [join(config.folder, 'package.json'), import.meta.url],
): Promise<Problem[]> {
  const { folder } = config;
  const tsc = findCompiler(from);
  if (tsc === null)
    return [problemOf({ code: 'HDL-NO-TYPESCRIPT', what: 'The package typescript is not installed in the project, so types were not checked.' }, folder)];
  if (files.length === 0) return [];
  const settings = writeSettings(config, files);
  const { output, code } = await run(tsc, settings, folder);
  const problems = parseDiagnostics(output, folder, folder);
  // tsc looks at no types while one file has a syntax error: the others get a run of their own
  const broken = new Set(problems.filter(({ message }) => /^TS1\d{3}:/.test(message)).map(({ file }) => file));
  const readable = files.filter((file) => !broken.has(relativeFile(file, folder)));
  if (broken.size > 0 && readable.length > 0 && readable.length < files.length)
    return [...problems, ...(await typecheck(config, readable, from)).filter((problem) => !broken.has(problem.file))];
  // a compiler that fails without a message that can be read must not look like success
  if (code !== 0 && problems.length === 0 && !/error TS/.test(output)) {
    return [
      problemOf(
        {
          code: 'HDL-TYPE',
          what: `The TypeScript compiler ended with exit code ${code}: ${output.trim().slice(0, 500) || 'it printed nothing'}.`,
          fix: `Run it by hand: npx tsc -p ${relative(folder, settings)}`,
        },
        folder,
      ),
    ];
  }
  return problems;
}

/** The project's own compiler, else the one that this library finds. */
function findCompiler(places: readonly string[]): string | null {
  for (const place of places) {
    try {
      return join(dirname(createRequire(place).resolve('typescript/package.json')), 'bin', 'tsc');
    } catch {
      // not there: look further
    }
  }
  return null;
}

function writeSettings({ folder, file, stateFolder }: TypecheckConfig, files: readonly string[]): string {
  const at = join(stateFolder, 'check');
  mkdirSync(at, { recursive: true });
  const own = nearestSettings(dirname(files[0] ?? folder), folder);
  const declarations = globSync('**/*.d.ts', { cwd: folder, exclude: (name) => ['node_modules', 'dist', '.heddle'].includes(name) }).map((name) =>
    join(folder, name),
  );
  // sources of this library instead of its build: as the running process itself does
  const conditions = process.execArgv.concat(process.env['NODE_OPTIONS']?.split(' ') ?? []).some((arg) => arg === '--conditions=heddle-source')
    ? { customConditions: ['heddle-source'] }
    : {};
  const options = {
    ...(own === null && { ...STRICT, ...(hasNodeTypes(folder) ? { lib: ['es2024'], types: ['node'] } : { lib: ['es2024', 'dom'], types: [] }) }),
    ...conditions,
    noEmit: true,
    composite: false,
    declaration: false,
    emitDeclarationOnly: false,
    ...buildInfo(at, folder, own),
  };
  const settings = join(at, 'tsconfig.json');
  const all = [...new Set([...files, ...(file === null ? [] : [file]), ...declarations])];
  writeFileSync(
    settings,
    `${JSON.stringify({ ...(own !== null && { extends: own }), compilerOptions: options, files: all, include: [], references: [] }, null, 2)}\n`,
  );
  return settings;
}

/**
 * A second check takes a tenth of the first. But tsc trusts its build info after a change of settings, too (seen with 7.0:
 * another `module` gives the old errors): so its name follows from them, and settings that extend others go without.
 */
function buildInfo(at: string, folder: string, own: string | null): object {
  const text = own === null ? '' : readFileSync(own, 'utf8');
  if (text.includes('"extends"')) return { incremental: false };
  const manifest = join(folder, 'package.json');
  const parts = [
    text,
    existsSync(manifest) ? readFileSync(manifest, 'utf8') : '',
    readFileSync(fileURLToPath(import.meta.url), 'utf8'),
    String(hasNodeTypes(folder)),
  ];
  const name = `${sha256Hex(parts.join('\0')).slice(0, 16)}.tsbuildinfo`;
  for (const other of readdirSync(at)) if (other.endsWith('.tsbuildinfo') && other !== name) rmSync(join(at, other), { force: true });
  return { incremental: true, tsBuildInfoFile: join(at, name) };
}

/** tsconfig.json of the pipeline files: beside them or in a folder above, up to the project's. */
function nearestSettings(from: string, folder: string): string | null {
  for (let at = from; at.startsWith(folder); at = dirname(at)) {
    const file = join(at, 'tsconfig.json');
    if (existsSync(file)) return file;
    if (at === dirname(at)) break;
  }
  return null;
}
function hasNodeTypes(folder: string): boolean {
  try {
    createRequire(join(folder, 'package.json')).resolve('@types/node/package.json');
    return true;
  } catch {
    return false;
  }
}

function run(tsc: string, settings: string, cwd: string): Promise<{ readonly output: string; readonly code: number | null }> {
  const child = spawn(process.execPath, [tsc, '-p', settings, '--pretty', 'false'], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes: Buffer) => (output += bytes.toString()));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ output, code }));
  });
}
