/** Does each configured prediction cache take an entry, give it back and delete it? What is weak about it is a warning. */
import { probeCache } from '../../activities/cache/probe-cache.ts';
import { openCache } from '../../activities/cache/open-cache.ts';
import type { ResolvedConfig } from '../../config/resolved-config.ts';
import type { CacheConfig } from '../../dsl/config.ts';
import { workerSecrets } from '../../workers/secrets.ts';
import { bad, ok, reason, warn, type Check } from './check.ts';

/** A namespace of its own: it never touches what is served. */
const NAMESPACE = 'heddle-doctor';

export async function probeCaches({ caches }: ResolvedConfig): Promise<Check[]> {
  return (await Promise.all(Object.entries(caches).map(([name, config]) => probe(name, config)))).flat();
}

async function probe(name: string, config: CacheConfig): Promise<Check[]> {
  const title = `cache ${name}`;
  const secrets = workerSecrets();
  if ('passwordSecret' in config && config.passwordSecret !== undefined && (await secrets.get(config.passwordSecret)) === undefined)
    return [
      warn(title, `not probed: the secret "${config.passwordSecret}" is not set here`, 'Run heddle doctor where a worker runs, or set the secret here too.'),
    ];
  try {
    const store = await openCache(config, NAMESPACE, (secret) => secrets.get(secret));
    try {
      await probeCache(store);
      return [
        ok(title, `${store.where}: written, read, deleted`),
        ...store.notes.map((note) => warn(title, note, 'Leave it where losing the cache is bearable; else see docs/tutorials/prewarming.md.')),
      ];
    } finally {
      await store.close();
    }
  } catch (error) {
    return [bad(title, reason(error), `Start it, or correct caches.${name} in heddle.config.ts.`)];
  }
}
