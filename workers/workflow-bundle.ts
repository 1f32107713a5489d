/**
 * The interpreter as one bundle for the workflow sandbox, made once for a version of the sources and kept in the user's
 * cache: a second start needs no webpack. Server only.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, type Logger } from '@temporalio/worker';

/** Entry of the real interpreter, beside this file: .ts in the sources, .js in the built package. */
export const interpreterEntry = (): string => fileURLToPath(new URL(`../workflows/index${extname(import.meta.url)}`, import.meta.url));

/** Path of the bundle of `entry`. */
export async function workflowBundle(entry: string = interpreterEntry(), log: Logger = silent): Promise<{ readonly codePath: string }> {
  const codePath = join(cacheFolder(), 'bundles', `${bundleKey(entry)}.js`);
  if (existsSync(codePath)) return { codePath };
  const { code } = await bundleWorkflowCode({
    workflowsPath: entry,
    logger: log,
    webpackConfigHook: forThisNode,
    // The interpreter's modules hold no state of a run: loaded once, they take 100 KiB less in each cached run.
    preloadModules: [interpreterEntry()],
  });
  mkdirSync(dirname(codePath), { recursive: true });
  const temporary = `${codePath}.${process.pid}.${Date.now()}`;
  writeFileSync(temporary, code);
  renameSync(temporary, codePath); // two servers at once: the later one wins, both are equal
  return { codePath };
}

/** Sources of everything that the sandbox may import, the SDK's version, Node's version. */
function bundleKey(entry: string): string {
  const hash = createHash('sha256');
  const root = join(dirname(fileURLToPath(import.meta.url)), '..');
  for (const folder of new Set([dirname(entry), join(root, 'workflows'), join(root, 'dsl')])) {
    for (const file of sources(folder)) hash.update(`${file}\0`).update(readFileSync(file));
  }
  const sdk = createRequire(import.meta.url)('@temporalio/worker/package.json') as { version: string }; // a package.json has a version
  return hash.update(`preloaded\0${entry}\0${sdk.version}\0${process.version}`).digest('hex').slice(0, 32);
}

const sources = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => ['.ts', '.js'].includes(extname(name)) && !name.endsWith('.d.ts'))
    .sort()
    .map((name) => join(folder, name));

type Hook = NonNullable<Parameters<typeof bundleWorkflowCode>[0]['webpackConfigHook']>;

/** The sandbox is this Node: async functions need no rewriting to generators, which costs memory in each cached run. */
const forThisNode: Hook = (config) => {
  for (const rule of config.module?.rules ?? []) {
    if (typeof rule !== 'object' || rule === null || typeof rule.use !== 'object' || Array.isArray(rule.use) || rule.use === null || !('options' in rule.use))
      continue;
    const { options } = rule.use;
    if (typeof options !== 'object' || options === null || typeof options['jsc'] !== 'object') continue;
    rule.use = { ...rule.use, options: { ...options, jsc: { ...(options['jsc'] as object), target: 'es2022' } } }; // swc's options as the SDK gives them
  }
  return config;
};

const cacheFolder = (): string => process.env['HEDDLE_CACHE'] ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'heddle');

const nothing = (): void => undefined;
const silent: Logger = { log: nothing, trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing };
