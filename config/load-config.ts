/**
 * The effective configuration: heddle.config.ts, above it the HEDDLE_* variables, below it what a running `heddle dev` said
 * of its ports, and the defaults. For every process outside of the sandbox.
 */
import { dirname, isAbsolute, join, resolve } from 'node:path';
import type { CacheConfig } from '../dsl/config.ts';
import { HeddleError } from '../dsl/errors/heddle-error.ts';
import { checkConfig } from './check-config.ts';
import type { CheckedConfig } from './config-schema.ts';
import { readDevState } from './dev-state.ts';
import { CONFIG_NAMES, findConfig } from './find-config.ts';
import { importConfig } from './import-config.ts';
import type { ResolvedConfig } from './resolved-config.ts';
import { hdfsClusters } from './hdfs-clusters.ts';
import { retentionOf } from './retention.ts';
import { readVariable, type Variable } from './variables.ts';

export interface LoadConfigOptions {
  /** Where to begin looking. Default: the process's folder. */
  readonly cwd?: string;
  /** The configuration itself, instead of looking for it. */
  readonly file?: string;
  /** Default: process.env. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** False: a missing file gives the defaults and the variables. Default true. */
  readonly required?: boolean;
}

export const DEFAULT_LISTEN = '127.0.0.1:8233';
export const DEFAULT_TEMPORAL = '127.0.0.1:7233';

/** Throws HDL-NO-CONFIG, HDL-CONFIG-LOAD, HDL-CONFIG-INVALID, HDL-BAD-VARIABLE. */
export async function loadConfig(options: LoadConfigOptions = {}): Promise<ResolvedConfig> {
  const cwd = resolve(options.cwd ?? process.cwd());
  const file = options.file === undefined ? findConfig(cwd) : resolve(cwd, options.file);
  if (file === null && options.required !== false) {
    throw new HeddleError('HDL-NO-CONFIG', { what: `There is no ${CONFIG_NAMES[0]} in ${cwd} or in a folder above it.` });
  }
  const written = file === null ? undefined : checkConfig(await importConfig(file), file);
  return resolveConfig(written, { folder: file === null ? cwd : dirname(file), file, env: options.env ?? process.env });
}

/** The part without files: fills in defaults and variables. */
export function resolveConfig(
  written: CheckedConfig | undefined,
  from: { folder: string; file: string | null; env: Readonly<Record<string, string | undefined>> },
): ResolvedConfig {
  const sources: Record<string, string> = {};
  const pick = <T>(key: string, variable: Variable | null, inFile: T | undefined, ...rest: (readonly [string, T | undefined])[]): T | undefined => {
    const set = variable === null ? undefined : (readVariable(from.env, variable) as T | undefined); // variables are texts, and so are the keys that have one
    const candidates: (readonly [string, T | undefined])[] = [[variable ?? '', set], ['file', inFile], ...rest];
    const found = candidates.find(([, value]) => value !== undefined);
    sources[key] = found?.[0] ?? 'default';
    return found?.[1];
  };
  const absolute = (path: string): string => (isAbsolute(path) ? path : join(from.folder, path));

  const stateFolder = absolute(pick('stateFolder', 'HEDDLE_STATE', undefined) ?? '.heddle');
  const dev = readDevState(stateFolder);
  const project = pick('project', 'HEDDLE_PROJECT', written?.project) ?? 'default';
  const address = pick('temporal.address', 'HEDDLE_TEMPORAL_ADDRESS', written?.temporal?.address, ['heddle dev', dev?.temporal]) ?? DEFAULT_TEMPORAL;
  const embedded = sources['temporal.address'] === 'default' || sources['temporal.address'] === 'heddle dev';
  const tls = pick('temporal.tls', null, written?.temporal?.tls);
  const namespace = pick('temporal.namespace', 'HEDDLE_TEMPORAL_NAMESPACE', written?.temporal?.namespace) ?? 'default';
  const apiKey = pick('temporal.apiKey', 'HEDDLE_TEMPORAL_API_KEY', written?.temporal?.apiKey) ?? null;
  const catalog = pick('catalog', 'HEDDLE_CATALOG', written?.catalog) ?? `sqlite:${join(stateFolder, 'catalog.db')}`;
  const root = pick('storage.root', 'HEDDLE_STORAGE_ROOT', written?.storage?.root) ?? join(stateFolder, 'store');

  const listen = pick('server.listen', 'HEDDLE_LISTEN', written?.server?.listen) ?? DEFAULT_LISTEN;
  const { host, port } = splitAddress(listen);
  const serverTls = pick('server.tls', null, written?.server?.tls) ?? null;
  const ownUrl = `${serverTls ? 'https' : 'http'}://${/^(0\.0\.0\.0|::|\[::\])$/.test(host) ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host}:${port}`;
  const devUrl = sources['server.listen'] === 'default' ? dev?.server : undefined;
  const url = pick('server.url', 'HEDDLE_SERVER', written?.server?.url, ['heddle dev', devUrl]) ?? ownUrl;

  const pools = pick('pools', null, written?.pools) ?? { default: { classes: { small: { units: 1, slots: 8 } } } };
  const lineage = pick('lineage', null, written?.lineage);
  const tracking = pick('tracking', null, written?.tracking);
  const notify = pick('notify', null, written?.notify);
  return {
    folder: from.folder,
    file: from.file,
    stateFolder,
    project,
    pipelines: pick('pipelines', null, written?.pipelines) ?? ['pipelines/**/*.ts'],
    temporal: { address, namespace, tls: tls ? filesOf(tls, absolute) : null, apiKey, embedded },
    catalog: catalog.startsWith('sqlite:') ? `sqlite:${absolute(catalog.slice('sqlite:'.length))}` : catalog,
    storageRoot: /^[a-z][a-z0-9+.-]*:\/\//i.test(root) ? root : absolute(root),
    hdfs: hdfsClusters(pick('hdfs', null, written?.hdfs), readVariable(from.env, 'HEDDLE_HDFS'), absolute),
    server: {
      host,
      port,
      url: url.replace(/\/+$/, ''),
      tls: serverTls ? { cert: absolute(serverTls.cert), key: absolute(serverTls.key) } : null,
      insecure: pick('server.insecure', null, written?.server?.insecure) ?? false,
      tokens: pick('server.tokens', null, written?.server?.tokens) ?? [],
      tokenFile: join(stateFolder, 'token'),
    },
    caches: cachesOf(pick('caches', null, written?.caches) ?? {}, stateFolder, absolute),
    // zod gives optional members as possibly undefined; ResolvedConfig leaves them out
    pools: dropUndefined(pools) as ResolvedConfig['pools'],
    backfill: { confirmAbove: pick('backfill.confirmAbove', null, written?.backfill?.confirmAbove) ?? 1_000 },
    retention: retentionOf(pick('retention', null, written?.retention)),
    notify: notify ? { url: notify.url, secretEnv: notify.secretEnv ?? null, on: notify.on ?? ['failed'] } : null,
    lineage: lineage
      ? {
          url: lineage.url ?? null,
          file: lineage.file === undefined ? null : absolute(lineage.file),
          namespace: lineage.namespace ?? `heddle.${project}`,
          tokenEnv: lineage.tokenEnv ?? null,
        }
      : null,
    tracking: tracking ? { mlflow: { ...tracking.mlflow, url: tracking.mlflow.url.replace(/\/+$/, ''), tokenEnv: tracking.mlflow.tokenEnv ?? null } } : null,
    python: pick('python', 'HEDDLE_PYTHON', written?.python) ?? 'python3',
    sources,
  };
}

function cachesOf(written: Readonly<Record<string, CacheConfig>>, stateFolder: string, absolute: (path: string) => string): ResolvedConfig['caches'] {
  const own = (config: CacheConfig): CacheConfig => {
    if (config.kind === 'embedded') return { ...config, folder: config.folder === undefined ? join(stateFolder, 'cache') : absolute(config.folder) };
    return config.tls?.ca === undefined ? config : { ...config, tls: { ca: absolute(config.tls.ca) } };
  };
  return Object.fromEntries(Object.entries({ default: { kind: 'embedded' } as const, ...written }).map(([name, config]) => [name, own(config)]));
}

/** '127.0.0.1:8233' or '[::1]:8233'. */
function splitAddress(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(':');
  return { host: address.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(address.slice(colon + 1)) };
}

type Tls = NonNullable<NonNullable<CheckedConfig['temporal']>['tls']>;
function filesOf(tls: Tls, absolute: (path: string) => string): ResolvedConfig['temporal']['tls'] {
  return {
    ...(tls.ca !== undefined && { ca: absolute(tls.ca) }),
    ...(tls.cert !== undefined && { cert: absolute(tls.cert) }),
    ...(tls.key !== undefined && { key: absolute(tls.key) }),
    ...(tls.serverName !== undefined && { serverName: tls.serverName }),
  };
}

const dropUndefined = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
