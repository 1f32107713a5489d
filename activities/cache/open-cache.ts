/**
 * Opens a namespace of a prediction cache from its description, which is a member of `caches` in heddle.config.ts. Passwords are
 * secrets: the description names them, and they are asked for here. Worker side, readers, `heddle doctor`.
 */
import type { CacheConfig } from '../../dsl/config.ts';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import type { CacheBackend } from './cache-backend.ts';
import { cacheStore, type CacheStore } from './cache-store.ts';
import { embeddedBackend } from './embedded-backend.ts';

/** Gives a secret by its name; throws or gives undefined where there is none. */
export type SecretOf = (name: string) => Promise<string | undefined>;

/** Close it when done. Throws HDL-CACHE-UNREACHABLE, HDL-CACHE-REFUSED. */
export async function openCache(config: CacheConfig, namespace: string, secret: SecretOf = async () => undefined): Promise<CacheStore> {
  if (!/^[a-z0-9][a-z0-9_-]{0,47}$/.test(namespace)) throw new Error(`"${namespace}" cannot be a namespace: small letters, digits, - and _, at most 48`);
  return cacheStore(await backendOf(config, namespace, secret));
}

async function backendOf(config: CacheConfig, namespace: string, secret: SecretOf): Promise<CacheBackend> {
  if (config.kind === 'embedded') return embeddedBackend({ folder: config.folder ?? '.heddle/cache', maxBytes: config.maxBytes }, namespace);
  const password = config.passwordSecret === undefined ? undefined : await passwordOf(config.passwordSecret, config.kind, secret);
  if (config.kind === 'redis') {
    const { redisBackend } = await import('./redis-backend.ts');
    const { address = '127.0.0.1:6379', inFlight } = config;
    const colon = address.lastIndexOf(':');
    return redisBackend(
      {
        ...config,
        host: address.slice(0, colon).replace(/^\[|\]$/g, ''),
        port: Number(address.slice(colon + 1)),
        password,
        ...(inFlight !== undefined && { depth: { batch: Math.min(1_000, inFlight), inFlight } }),
      },
      namespace,
    );
  }
  const { cassandraBackend } = await import('./cassandra-backend.ts');
  return cassandraBackend({ ...config, password }, namespace);
}

async function passwordOf(name: string, kind: string, secret: SecretOf): Promise<string> {
  const value = await secret(name);
  if (value !== undefined) return value;
  throw new HeddleError('HDL-NO-SECRET', {
    what: `There is no secret "${name}", the password of a cache of kind ${kind}.`,
    fix: `Set HEDDLE_SECRET_${name.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')} where this runs, or put "${name}" into the file that HEDDLE_SECRETS_FILE names.`,
  });
}
