/**
 * The cache in Redis (6.2 or later; one server, not a cluster): a key an entry, `<prefix>:<namespace>:v:<version>:<key>`, with its
 * expiry; the state under one key, changed by a script. ioredis for everything but the bulk of writes. Worker side, and readers.
 */
import { readFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import type { CacheBackend, CacheSpace } from './cache-backend.ts';
import { cacheError } from './cache-errors.ts';
import { encodeEntry, PREDICTION_BYTES, STAMP_OFFSET, type Entries } from './prediction.ts';
import { redisBulk, type RedisAddress, type RedisBulk, type RedisDepth } from './redis-bulk.ts';

export interface RedisOptions {
  readonly host: string;
  readonly port: number;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly db?: number | undefined;
  readonly tls?: { readonly ca?: string | undefined } | undefined;
  /** Of all keys; default 'heddle'. */
  readonly prefix?: string | undefined;
  readonly depth?: RedisDepth | undefined;
}
const SWAP_STATE = `if (redis.call('GET', KEYS[1]) or '') == ARGV[1] then redis.call('SET', KEYS[1], ARGV[2]) return 1 end return 0`;
/** Each key's value and expiry, unless what is there has a newer stamp. Returns how many were left. */
const PUT_NEWER = `local left = 0
for i, key in ipairs(KEYS) do
  local value = ARGV[2 * i - 1]
  local found = redis.call('GET', key)
  if found and #found == ${PREDICTION_BYTES} and struct.unpack('<d', found, ${STAMP_OFFSET + 1}) > struct.unpack('<d', value, ${STAMP_OFFSET + 1}) then left = left + 1
  else redis.call('SET', key, value, 'EXAT', ARGV[2 * i]) end
end
return left`;
const COMPARED_AT_ONCE = 500;
const SCANNED_AT_ONCE = 1_000;
const READ_AT_ONCE = 1_000;

export async function redisBackend(options: RedisOptions, namespace: string): Promise<CacheBackend> {
  const { host, port, username, password, db = 0, tls, prefix = 'heddle', depth } = options;
  const ca = tls?.ca === undefined ? null : readFileSync(tls.ca, 'utf8');
  const where = `redis://${host}:${port}/${db} ${prefix}:${namespace}`;
  const client = new Redis({
    host,
    port,
    db,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(tls && { tls: ca === null ? {} : { ca } }),
    lazyConnect: true,
    connectTimeout: 5_000,
    commandTimeout: 10_000,
    maxRetriesPerRequest: 1,
    retryStrategy: (times) => (times > 3 ? null : 100 * times),
  });
  let lastError: Error | null = null;
  client.on('error', (error: Error) => {
    lastError = error; // what a command then rejects with says less
  });
  const guarded = async <T>(doing: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw cacheError(/Connection is closed|max retries/i.test(String(error)) ? (lastError ?? error) : error, where, doing);
    }
  };
  const root = `${prefix}:${namespace}`;
  const tableOf = (version: string): string => `${root}:v:${version}:`;
  const address: RedisAddress = {
    host,
    port,
    db,
    username: username ?? null,
    password: password ?? null,
    tls: tls ? { ca } : null,
  };
  let bulk: Promise<RedisBulk> | null = null;
  /** One batch at a time goes over the socket: concurrent puts wait for their turn. */
  let turn: Promise<unknown> = Promise.resolve();

  let notes: string[];
  try {
    await client.connect();
    notes = await look(client, where);
  } catch (error) {
    client.disconnect();
    throw cacheError(lastError ?? error, where, 'to connect');
  }

  const putNewer = async (table: string, entries: Entries, which: readonly number[]): Promise<number> => {
    let newer = 0;
    for (let first = 0; first < which.length; first += COMPARED_AT_ONCE) {
      const some = which.slice(first, first + COMPARED_AT_ONCE);
      const values = some.flatMap((i) => {
        const value = Buffer.allocUnsafe(PREDICTION_BYTES);
        encodeEntry(entries, i, value);
        return [value, String(entries.expiresAt[i])];
      });
      newer += Number(await client.eval(PUT_NEWER, some.length, ...some.map((i) => table + entries.keys[i]!), ...values));
    }
    return newer;
  };
  return {
    kind: 'redis',
    where,
    notes,
    state: () => guarded('reading its state', () => client.get(`${root}:state`)),
    replaceState: (from, to) => guarded('changing its state', async () => Number(await client.eval(SWAP_STATE, 1, `${root}:state`, from ?? '', to)) === 1),
    async createTable() {
      // a version is a part of its keys
    },
    put: (version, entries) =>
      guarded(`writing ${entries.keys.length} entries`, async () => {
        const mine = turn.then(async () => {
          try {
            return await (await (bulk ??= redisBulk(address, depth))).setAbsent(tableOf(version), entries);
          } catch (error) {
            bulk = null; // the next put connects anew
            throw error;
          }
        });
        turn = mine.catch(() => undefined);
        const present = await mine;
        const newer = await putNewer(tableOf(version), entries, present);
        return { written: entries.keys.length - newer, newer };
      }),
    get: (version, keys) =>
      guarded(`reading ${keys.length} entries`, async () => {
        const table = tableOf(version);
        const found: (Buffer | null)[] = [];
        for (let first = 0; first < keys.length; first += READ_AT_ONCE)
          found.push(...(await client.mgetBuffer(keys.slice(first, first + READ_AT_ONCE).map((key) => table + key))));
        return found;
      }),
    remove: (version, keys) =>
      guarded('deleting entries', async () => {
        if (keys.length > 0) await client.unlink(keys.map((key) => tableOf(version) + key));
      }),
    async dropTable(version, pace) {
      let cursor = '0';
      do {
        cursor = await guarded(`dropping version ${version}`, async () => {
          const [next, keys] = await client.scan(cursor, 'MATCH', `${tableOf(version)}*`, 'COUNT', SCANNED_AT_ONCE);
          if (keys.length > 0) await client.unlink(keys);
          return next;
        });
        await pace();
      } while (cursor !== '0');
    },
    space: () => guarded('asking for its memory', () => space(client, root)),
    async close() {
      if (bulk) (await bulk.catch(() => null))?.close();
      client.disconnect();
    },
  };
}

/** Refuses what would lose entries or mix them; gives what an operator should know. */
async function look(client: Redis, where: string): Promise<string[]> {
  const info = fieldsOf(await client.info());
  if (info.get('cluster_enabled') === '1')
    throw new HeddleError('HDL-CACHE-REFUSED', {
      what: 'The cache is a Redis cluster, and one server is expected.',
      where,
      fix: 'Name a Redis that is not a cluster, with a replica beside it where it must survive its machine.',
    });
  const [major = 0, minor = 0] = (info.get('redis_version') ?? '0').split('.').map(Number);
  if (major < 6 || (major === 6 && minor < 2))
    throw new HeddleError('HDL-CACHE-REFUSED', {
      what: `The cache is Redis ${info.get('redis_version')}, and 6.2 is needed (SET ... EXAT).`,
      where,
      fix: 'Update the server.',
    });
  const policy = info.get('maxmemory_policy');
  return Number(info.get('maxmemory')) > 0 && policy !== undefined && policy !== 'noeviction'
    ? [`maxmemory-policy is ${policy}: when memory runs short, Redis drops entries by itself, in place of refusing new ones`]
    : [];
}

async function space(client: Redis, root: string): Promise<CacheSpace> {
  const info = fieldsOf(await client.info('memory'));
  const most = Number(info.get('maxmemory')) || Number(info.get('total_system_memory'));
  const used = Number(info.get('used_memory'));
  return {
    freeBytes: Number.isFinite(most - used) ? most - used : null,
    // an entry of the main table and of the table of expiries, two robj, the strings: measured 150 to 170 for 24 + 24 bytes
    bytesPerEntry: (keyBytes) => 120 + root.length + keyBytes + PREDICTION_BYTES,
  };
}
const fieldsOf = (info: string): Map<string, string> => new Map(info.split('\r\n').map((line) => line.split(':', 2) as [string, string])); // lines without a colon have no value
