/** The effective configuration as rows: key, value, where it came from. Secrets are not shown. */
import type { ResolvedConfig } from '../../config/resolved-config.ts';
import type { CacheConfig } from '../../dsl/config.ts';

export interface EffectiveValue {
  readonly key: string;
  readonly value: string;
  readonly source: string;
}

export function effectiveValues(config: ResolvedConfig): EffectiveValue[] {
  const { temporal, server } = config;
  const values: Readonly<Record<string, string>> = {
    project: config.project,
    pipelines: config.pipelines.join(', '),
    stateFolder: config.stateFolder,
    'temporal.address': `${temporal.address}${temporal.embedded ? ' (heddle dev starts it)' : ''}`,
    'temporal.namespace': temporal.namespace,
    'temporal.tls': temporal.tls ? 'on' : 'off',
    'temporal.apiKey': temporal.apiKey === null ? 'none' : 'set',
    catalog: withoutPassword(config.catalog),
    'storage.root': config.storageRoot,
    hdfs:
      Object.entries(config.hdfs)
        .map(([name, { namenodes }]) => `${name}: ${namenodes.join(', ')}`)
        .join('; ') || 'none',
    'server.listen': `${server.host}:${server.port}`,
    'server.url': server.url,
    'server.tls': server.tls ? 'on' : 'off',
    'server.tokens': server.tokens.length === 0 ? 'none' : server.tokens.map(({ name, roles }) => `${name} (${roles.join(', ')})`).join(', '),
    pools: Object.entries(config.pools)
      .map(
        ([name, { classes }]) =>
          `${name}: ${Object.entries(classes)
            .map(([klass, { slots }]) => `${klass} ${slots ?? ''}`.trim())
            .join(', ')}`,
      )
      .join('; '),
    notify: config.notify === null ? 'none' : `${config.notify.url} on ${config.notify.on.join(', ')}`,
    caches: Object.entries(config.caches)
      .map(([name, cache]) => `${name}: ${cache.kind} ${placeOf(cache)}`)
      .join('; '),
    python: config.python,
  };
  return Object.entries(values).map(([key, value]) => ({ key, value, source: config.sources[key] ?? 'default' }));
}

const placeOf = (cache: CacheConfig): string =>
  cache.kind === 'embedded'
    ? (cache.folder ?? '')
    : cache.kind === 'redis'
      ? (cache.address ?? '127.0.0.1:6379')
      : `${cache.contactPoints.join(',')}/${cache.keyspace}`;

export const withoutPassword = (url: string): string => url.replace(/^(\w+:\/\/[^:/@]+):[^@]*@/, '$1:***@');
