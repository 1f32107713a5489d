/** The three kinds of cache for tests, each real: LMDB files, a Redis server, a Cassandra node. Parts are started once a file. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import type { CacheConfig } from '../../dsl/config.ts';
import { cassandraMissing, startCassandra } from '../real-parts/cassandra.ts';
import { redisMissing, startRedis } from '../real-parts/redis.ts';

export const KINDS = ['embedded', 'redis', 'cassandra'] as const;
export type Kind = (typeof KINDS)[number];

const missing: Readonly<Record<Kind, () => string | null>> = { embedded: () => null, redis: redisMissing, cassandra: cassandraMissing };

/** The tests of `body` for each kind; `config()` is a cache of its own there. */
export function describeKinds(kinds: readonly Kind[], body: (kind: Kind, config: () => CacheConfig) => void): void {
  for (const kind of kinds) {
    const why = missing[kind]();
    describe.skipIf(why !== null)(why === null ? `the ${kind} cache` : `the ${kind} cache (${why})`, () => {
      let config: CacheConfig | null = null;
      let stop: () => Promise<void> = async () => {};
      beforeAll(async () => {
        [config, stop] = await start(kind);
      }, 180_000);
      afterAll(() => stop(), 60_000);
      body(kind, () => {
        if (!config) throw new Error(`${kind} has not started`);
        return config;
      });
    });
  }
}

async function start(kind: Kind): Promise<[CacheConfig, () => Promise<void>]> {
  if (kind === 'redis') {
    const { host, port, stop } = await startRedis();
    return [{ kind, address: `${host}:${port}` }, stop];
  }
  if (kind === 'cassandra') {
    const { contactPoint, localDataCenter, stop } = await startCassandra();
    return [{ kind, contactPoints: [contactPoint], localDataCenter, keyspace: 'heddle_test', replication: 1 }, stop];
  }
  const folder = mkdtempSync(join(tmpdir(), 'heddle-cache-'));
  return [
    { kind, folder },
    async () => {
      rmSync(folder, { recursive: true, force: true });
    },
  ];
}

let namespaces = 0;
/** A namespace that no other test of the process has. */
export const newNamespace = (): string => `test-${++namespaces}`;
