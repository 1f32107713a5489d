/**
 * The caches that the project's configuration names, for the steps of this process: the worker sets them once at its start. A
 * step names its cache, `default` or another, or gives the folder of an embedded one. Worker side.
 */
import type { CacheConfig } from '../../dsl/config.ts';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import type { CacheStore } from './cache-store.ts';
import { openCache, type SecretOf } from './open-cache.ts';

let configured: Readonly<Record<string, CacheConfig>> = {};

export function configureCaches(caches: Readonly<Record<string, CacheConfig>>): void {
  configured = caches;
}

/** `cache`: a name in the configuration, or a folder (with a slash in it). Throws HDL-CACHE-UNKNOWN. */
export async function openNamedCache(cache: string, namespace: string, secret: SecretOf): Promise<CacheStore> {
  return openCache(cacheConfigOf(cache), namespace, secret);
}

function cacheConfigOf(cache: string): CacheConfig {
  const found = configured[cache];
  if (found) return found;
  if (/[/\\]/.test(cache)) return { kind: 'embedded', folder: cache };
  const names = Object.keys(configured);
  throw new HeddleError('HDL-CACHE-UNKNOWN', {
    what: `There is no cache "${cache}". ${names.length === 0 ? 'The configuration names none.' : `The configuration names: ${names.join(', ')}.`}`,
  });
}
