/**
 * Finds, loads and checks heddle.config.ts, then applies HEDDLE_* variables. Used by the command line, the server and the
 * workers; the only place that knows defaults.
 */
import { existsSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { HeddleConfig, PoolConfig } from '../dsl/config.ts';
import { HeddleError } from '../dsl/errors/heddle-error.ts';
import { parseConfig } from './config-schema.ts';
import type { ResolvedConfig } from './resolved-config.ts';

export interface LoadOptions {
  /** Where to look first, then upward. Default: the current folder. */
  readonly cwd?: string;
  /** This file instead. */
  readonly file?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

const NAMES = ['heddle.config.ts', 'heddle.config.mts', 'heddle.config.js', 'heddle.config.mjs'];
const DEFAULT_POOLS: Readonly<Record<string, PoolConfig>> = { default: { classes: { small: { slots: 4 } } } };

/** Throws HDL-NO-CONFIG, HDL-BAD-CONFIG, HDL-BAD-VARIABLE. */
export async function loadConfig(options: LoadOptions = {}): Promise<ResolvedConfig> {
  const env = options.env ?? process.env;
  const cwd = resolve(options.cwd ?? process.cwd());
  const file = options.file ? resolve(cwd, options.file) : find(cwd);
  if (!file || !existsSync(file)) {
    throw new HeddleError('HDL-NO-CONFIG', { what: options.file ? `There is no ${options.file}.` : `No heddle.config.ts was found in ${cwd} or above it.` });
  }
  return resolveConfig(parseConfig(await read(file), file), file, env);
}

function find(from: string): string | null {
  for (let folder = from; ; folder = dirname(folder)) {
    for (const name of NAMES) if (existsSync(join(folder, name))) return join(folder, name);
    if (dirname(folder) === folder) return null;
  }
}

async function read(file: string): Promise<unknown> {
  try {
    const module = (await import(pathToFileURL(file).href)) as { default?: unknown };
    if (module.default === undefined) throw new HeddleError('HDL-BAD-CONFIG', { what: 'The configuration exports no default.', where: file, fix: 'export default defineConfig({ ... })' });
    return module.default;
  } catch (error) {
    if (error instanceof HeddleError) throw error;
    throw new HeddleError('HDL-BAD-CONFIG', { what: `The configuration cannot be loaded: ${error instanceof Error ? error.message : String(error)}`, where: file, cause: error });
  }
}

/** Defaults and variables over what the file says. Exported for tests. */
export function resolveConfig(given: HeddleConfig, file: string, env: Readonly<Record<string, string | undefined>>): ResolvedConfig {
  const folder = dirname(file);
  const sources: Record<string, string> = {};
  const pick = (key: string, variable: string, fromFile: string | undefined, fallback: string): string => {
    const value = env[variable];
    if (value !== undefined && value !== '') {
      sources[key] = variable;
      return value;
    }
    sources[key] = fromFile === undefined ? 'default' : 'file';
    return fromFile ?? fallback;
  };
  const absolute = (path: string): string => (isAbsolute(path) || /^[a-z]+:\/\//.test(path) ? path : resolve(folder, path));
  const stateFolder = absolute(pick('stateFolder', 'HEDDLE_STATE', undefined, '.heddle'));
  const listen = pick('server.listen', 'HEDDLE_LISTEN', given.server?.listen, '127.0.0.1:8233');
  const { host, port } = parseListen(listen, sources['server.listen'] as string);
  const tls = given.server?.tls ? { cert: absolute(given.server.tls.cert), key: absolute(given.server.tls.key) } : null;
  const address = pick('temporal.address', 'HEDDLE_TEMPORAL_ADDRESS', given.temporal?.address, '127.0.0.1:7233');
  const apiKey = env['HEDDLE_TEMPORAL_API_KEY'] ?? given.temporal?.apiKey ?? null;
  return {
    folder,
    file,
    stateFolder,
    project: checkedProject(pick('project', 'HEDDLE_PROJECT', given.project, 'default')),
    pipelines: given.pipelines,
    temporal: {
      address,
      namespace: pick('temporal.namespace', 'HEDDLE_TEMPORAL_NAMESPACE', given.temporal?.namespace, 'default'),
      tls: given.temporal?.tls ?? null,
      apiKey,
      embedded: sources['temporal.address'] === 'default',
    },
    catalog: catalogOf(pick('catalog', 'HEDDLE_CATALOG', given.catalog, `sqlite:${join(stateFolder, 'catalog.db')}`), absolute),
    storageRoot: absolute(pick('storage.root', 'HEDDLE_STORAGE_ROOT', given.storage?.root, join(stateFolder, 'store'))),
    server: {
      host,
      port,
      url: pick('server.url', 'HEDDLE_SERVER', given.server?.url, `${tls ? 'https' : 'http'}://${host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host}:${port}`).replace(/\/+$/, ''),
      tls,
      insecure: env['HEDDLE_INSECURE'] === '1' || (given.server?.insecure ?? false),
      tokens: given.server?.tokens ?? [],
      tokenFile: join(stateFolder, 'token'),
    },
    pools: given.pools ?? DEFAULT_POOLS,
    notify: given.notify ? { url: given.notify.url, secretEnv: given.notify.secretEnv ?? null, on: given.notify.on ?? ['failed'] } : null,
    python: pick('python', 'HEDDLE_PYTHON', given.python, 'python3'),
    sources,
  };
}

/** 'host:port', '[::1]:port' or ':port' for the loopback. */
export function parseListen(text: string, from: string): { host: string; port: number } {
  const [, v6, name, digits] = /^(?:\[([^\]]+)\]|([^:]*)):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits === undefined || port > 65535) {
    throw new HeddleError('HDL-BAD-VARIABLE', { what: `"${text}" is no address to listen on.`, where: from, fix: 'Write host:port, for instance 127.0.0.1:8233.' });
  }
  return { host: v6 ?? (name === undefined || name === '' ? '127.0.0.1' : name), port };
}

function catalogOf(text: string, absolute: (path: string) => string): string {
  if (/^postgres(ql)?:\/\//.test(text)) return text;
  if (text.startsWith('sqlite:')) return `sqlite:${absolute(text.slice('sqlite:'.length))}`;
  throw new HeddleError('HDL-BAD-VARIABLE', { what: `"${text}" is no catalog.`, where: 'catalog (HEDDLE_CATALOG)', fix: 'Write sqlite:<file> or postgres://user@host/database.' });
}

function checkedProject(name: string): string {
  if (/^[a-z0-9][a-z0-9._-]{0,62}$/i.test(name)) return name;
  throw new HeddleError('HDL-BAD-VARIABLE', { what: `"${name}" is no name for a project.`, where: 'project (HEDDLE_PROJECT)', fix: 'Use letters, digits, dots, dashes; at most 63.' });
}
