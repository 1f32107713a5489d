/**
 * The cache in Cassandra: a table a version, a row an entry, written with the entry's stamp as the cell's timestamp (so that
 * Cassandra itself keeps the newer one) and its own TTL. The state is one row, changed by a lightweight transaction. Worker
 * side, and readers.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { auth, Client, types } from 'cassandra-driver';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import type { CacheBackend } from './cache-backend.ts';
import { cacheError } from './cache-errors.ts';
import { encodeEntry, PREDICTION_BYTES } from './prediction.ts';

export type CassandraLevel = 'LOCAL_QUORUM' | 'QUORUM' | 'LOCAL_ONE' | 'ONE';
export interface CassandraOptions {
  /** 'host:port' or 'host'. */
  readonly contactPoints: readonly string[];
  readonly localDataCenter: string;
  readonly keyspace: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly tls?: { readonly ca?: string | undefined } | undefined;
  /** Of reads and writes; default LOCAL_QUORUM. */
  readonly consistency?: CassandraLevel | undefined;
  /** Replicas in the local data centre when the keyspace is made here; without it, it must be there. */
  readonly replication?: number | undefined;
  /** Statements that wait for an answer at once; default 256. */
  readonly inFlight?: number | undefined;
}
const STATES = 'heddle_state';

export async function cassandraBackend(options: CassandraOptions, namespace: string): Promise<CacheBackend> {
  const { contactPoints, localDataCenter, keyspace, username, password, tls, consistency: level = 'LOCAL_QUORUM', replication, inFlight = 256 } = options;
  const where = `cassandra://${contactPoints.join(',')}/${keyspace} ${namespace}`;
  if (!/^[a-z][a-z0-9_]{0,47}$/.test(keyspace))
    throw new HeddleError('HDL-CACHE-REFUSED', { what: `"${keyspace}" cannot be a keyspace: small letters, digits and _, at most 48.`, where });
  const client = new Client({
    contactPoints: [...contactPoints],
    localDataCenter,
    ...(username !== undefined && { authProvider: new auth.PlainTextAuthProvider(username, password ?? '') }),
    ...(tls && { sslOptions: tls.ca === undefined ? {} : { ca: [readFileSync(tls.ca)] } }),
    queryOptions: { consistency: types.consistencies[LEVELS[level]], prepare: true, isIdempotent: true },
    socketOptions: { connectTimeout: 5_000, readTimeout: 12_000 },
    pooling: { maxRequestsPerConnection: Math.max(2_048, inFlight) },
  });
  const guarded = async <T>(doing: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw cacheError(innermost(error), where, doing);
    }
  };
  const close = (): Promise<void> => client.shutdown();
  const notes: string[] = [];
  try {
    await guarded('to connect', async () => {
      await client.connect();
      if (replication !== undefined)
        await client.execute(
          `CREATE KEYSPACE IF NOT EXISTS ${keyspace} WITH replication = {'class': 'NetworkTopologyStrategy', '${localDataCenter}': ${replication}}`,
          [],
          DDL,
        );
      const factor = await replicas(client, keyspace, localDataCenter, where);
      if (factor === 1) notes.push(`keyspace ${keyspace} keeps 1 copy in ${localDataCenter}: ${level} is one node, and its loss loses the cache`);
      if (level !== 'LOCAL_QUORUM' && level !== 'QUORUM')
        notes.push(`reads and writes are at ${level}, below LOCAL_QUORUM: a reader may miss what was just written`);
      await client.execute(`CREATE TABLE IF NOT EXISTS ${keyspace}.${STATES} (namespace text PRIMARY KEY, state text)`, [], DDL);
    });
  } catch (error) {
    await close();
    throw error;
  }
  const tableOf = (version: string): string => `${keyspace}.p_${createHash('sha256').update(`${namespace}/${version}`).digest('hex').slice(0, 24)}`;
  const states = `${keyspace}.${STATES}`;
  return {
    kind: 'cassandra',
    where,
    notes,
    state: () =>
      guarded('reading its state', async () => {
        // SERIAL: sees a swap whose answer was lost
        const found = await client.execute(`SELECT state FROM ${states} WHERE namespace = ?`, [namespace], { consistency: types.consistencies.localSerial });
        return (found.first()?.['state'] as string | undefined) ?? null; // text, by the table
      }),
    replaceState: (from, to) =>
      guarded('changing its state', async () => {
        const serial = { serialConsistency: types.consistencies.localSerial, isIdempotent: false };
        const done =
          from === null
            ? await client.execute(`INSERT INTO ${states} (namespace, state) VALUES (?, ?) IF NOT EXISTS`, [namespace, to], serial)
            : await client.execute(`UPDATE ${states} SET state = ? WHERE namespace = ? IF state = ?`, [to, namespace, from], serial);
        return done.wasApplied();
      }),
    createTable: (version) =>
      guarded(`making version ${version}`, async () => {
        await client.execute(
          `CREATE TABLE IF NOT EXISTS ${tableOf(version)} (key text PRIMARY KEY, value blob) WITH comment = '${namespace} ${version}'`,
          [],
          DDL,
        );
      }),
    put: (version, entries) =>
      guarded(`writing ${entries.keys.length} entries`, async () => {
        const query = `INSERT INTO ${tableOf(version)} (key, value) VALUES (?, ?) USING TIMESTAMP ? AND TTL ?`;
        const nowS = Date.now() / 1000;
        const timestamp = types.Long.fromNumber(entries.stamp * 1000);
        await each(entries.keys.length, inFlight, async (i) => {
          const ttl = Math.min(MAX_TTL_S, Math.ceil(entries.expiresAt[i]! - nowS));
          if (ttl <= 0) return; // over already: not to be kept for ever, which is what TTL 0 means
          const value = Buffer.allocUnsafe(PREDICTION_BYTES);
          encodeEntry(entries, i, value);
          await client.execute(query, [entries.keys[i], value, timestamp, ttl], PREPARED);
        });
        return { written: entries.keys.length, newer: 0 };
      }),
    get: (version, keys) =>
      guarded(`reading ${keys.length} entries`, async () => {
        const query = `SELECT value FROM ${tableOf(version)} WHERE key = ?`;
        const found: (Buffer | null)[] = Array.from({ length: keys.length }, () => null);
        await each(keys.length, inFlight, async (i) => {
          const row = (await client.execute(query, [keys[i]], PREPARED)).first();
          if (row) found[i] = row['value'] as Buffer; // blob, by the table
        });
        return found;
      }),
    remove: (version, keys) =>
      guarded('deleting entries', async () => {
        const query = `DELETE FROM ${tableOf(version)} WHERE key = ?`;
        await each(keys.length, inFlight, async (i) => {
          await client.execute(query, [keys[i]], PREPARED);
        });
      }),
    async dropTable(version, pace) {
      await pace();
      await guarded(`dropping version ${version}`, () => client.execute(`DROP TABLE IF EXISTS ${tableOf(version)}`, [], DDL));
    },
    // Cassandra does not say over CQL how much room its disks have
    space: async () => ({ freeBytes: null, bytesPerEntry: (keyBytes) => 60 + keyBytes + PREDICTION_BYTES }),
    close,
  };
}
const LEVELS = { LOCAL_QUORUM: 'localQuorum', QUORUM: 'quorum', LOCAL_ONE: 'localOne', ONE: 'one' } as const;
const PREPARED = { prepare: true };
const DDL = { prepare: false };
/** What Cassandra takes at most: twenty years. */
const MAX_TTL_S = 630_720_000;

/** `width` at a time; stops at the first error. */
async function each(count: number, width: number, work: (i: number) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) await work(next++);
  };
  const lanes = Array.from({ length: Math.min(width, count) }, lane);
  try {
    await Promise.all(lanes);
  } catch (error) {
    next = count;
    await Promise.allSettled(lanes);
    throw error;
  }
}

/** Copies in the local data centre. Throws HDL-CACHE-REFUSED where there is no such keyspace. */
async function replicas(client: Client, keyspace: string, dataCenter: string, where: string): Promise<number | null> {
  const row = (await client.execute('SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = ?', [keyspace])).first();
  if (!row)
    throw new HeddleError('HDL-CACHE-REFUSED', {
      what: `There is no keyspace ${keyspace}.`,
      where,
      fix: 'Make it, or set `replication` of the cache in heddle.config.ts to the number of copies, and it is made.',
    });
  const { class: strategy, ...factors } = row['replication'] as Record<string, string>; // map<text, text>, by Cassandra's own table
  const factor = strategy?.endsWith('NetworkTopologyStrategy') ? factors[dataCenter] : factors['replication_factor'];
  return factor === undefined ? null : Number(factor);
}

/** The driver wraps what each host said into one error that says nothing. */
function innermost(error: unknown): unknown {
  const inner = error instanceof Error && 'innerErrors' in error ? Object.values(error.innerErrors as object)[0] : undefined; // of NoHostAvailableError
  return inner instanceof Error ? inner : error;
}
