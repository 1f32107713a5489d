/** What goes wrong with a cache is a coded error that says where, and loses nothing that is served. */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { cacheError } from '../../activities/cache/cache-errors.ts';
import { cacheReader } from '../../activities/cache/cache-reader.ts';
import { configureCaches, openNamedCache } from '../../activities/cache/configured-caches.ts';
import { needRoom } from '../../activities/cache/need-room.ts';
import { openCache } from '../../activities/cache/open-cache.ts';
import { freePort } from '../../scripts/temporal-server.mjs';
import { redisMissing, startRedis, type RedisPart } from '../real-parts/redis.ts';
import { entriesOf, keysOf } from './entries.ts';

const none = async (): Promise<undefined> => undefined;
let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'heddle-cache-errors-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('names', () => {
  afterEach(() => {
    configureCaches({});
  });
  it('an unknown cache is told with those that are known: HDL-CACHE-UNKNOWN', async () => {
    await expect(openNamedCache('serving', 'flights', none)).rejects.toMatchObject({
      code: 'HDL-CACHE-UNKNOWN',
      what: expect.stringContaining('names none') as string,
    });
    configureCaches({ default: { kind: 'embedded', folder }, fast: { kind: 'redis' } });
    await expect(openNamedCache('serving', 'flights', none)).rejects.toThrow('There is no cache "serving". The configuration names: default, fast.');
    await (await openNamedCache('default', 'flights', none)).close();
    await (await openNamedCache(join(folder, 'another'), 'flights', none)).close();
  });

  it('a password is a secret: without it, HDL-NO-SECRET names the variable', async () => {
    await expect(openCache({ kind: 'redis', passwordSecret: 'cache.pass' }, 'flights', none)).rejects.toMatchObject({
      code: 'HDL-NO-SECRET',
      fix: expect.stringContaining('HEDDLE_SECRET_CACHE_PASS') as string,
    });
  });
});

describe('a server that is not there', () => {
  it('is HDL-CACHE-UNREACHABLE, for Redis and for Cassandra', async () => {
    const address = `127.0.0.1:${await freePort()}`;
    await expect(openCache({ kind: 'redis', address }, 'flights')).rejects.toMatchObject({
      code: 'HDL-CACHE-UNREACHABLE',
      where: `redis://${address}/0 heddle:flights`,
    });
    await expect(openCache({ kind: 'cassandra', contactPoints: [address], localDataCenter: 'dc1', keyspace: 'k' }, 'flights')).rejects.toMatchObject({
      code: 'HDL-CACHE-UNREACHABLE',
      what: expect.stringContaining('ECONNREFUSED') as string,
    });
  });

  it('is HDL-CACHE-UNREACHABLE too when it takes the connection and hangs up', async () => {
    const server = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const { port } = server.address() as { port: number };
    await expect(openCache({ kind: 'redis', address: `127.0.0.1:${port}` }, 'flights')).rejects.toMatchObject({ code: 'HDL-CACHE-UNREACHABLE' });
    await new Promise((resolve) => server.close(resolve));
  });
});

describe('an embedded cache without room', () => {
  it('refuses what goes beyond maxBytes: HDL-CACHE-FULL, and what is served stays', async () => {
    const store = await openCache({ kind: 'embedded', folder, maxBytes: 600_000 }, 'flights');
    await store.create('a');
    await store.put(
      'a',
      entriesOf(['k'], () => 0.5),
    );
    await store.swap(null, 'a', 'run-1');
    await store.create('b');
    const fill = async (): Promise<void> => {
      for (let part = 0; part < 20; part++)
        await store.put(
          'b',
          entriesOf(keysOf(2_000, `P${part}`), () => 0.5),
        );
    };
    await expect(fill()).rejects.toMatchObject({ code: 'HDL-CACHE-FULL', what: expect.stringMatching(/600,000 are allowed/) as string });
    await expect(needRoom(store, 1_000_000, 12)).rejects.toMatchObject({
      code: 'HDL-CACHE-FULL',
      why: expect.stringContaining('Nothing was written') as string,
    });
    expect((await cacheReader(store).get('k'))?.score).toBe(0.5);
    await store.close();
  });

  it('says so when the file system takes no more', () => {
    const script = join(import.meta.dirname, 'filling-writer.ts');
    // a limit on the size of files: the kernel refuses as a full disk does
    const told = execFileSync('bash', ['-c', `trap '' XFSZ; ulimit -f 600; exec "$0" --conditions=heddle-source "$1" "$2"`, process.execPath, script, folder], {
      encoding: 'utf8',
    });
    expect(told).toContain('HDL-CACHE-FULL');
    expect(told).toContain('still served: 0.5');
  });
});

describe.skipIf(redisMissing() !== null)(`Redis ${redisMissing() ?? ''}`.trim(), () => {
  let redis: RedisPart;
  let admin: Redis;
  beforeAll(async () => {
    redis = await startRedis(['--requirepass', 'pass-word', '--maxmemory', '12mb', '--maxmemory-policy', 'noeviction']);
    admin = new Redis({ host: redis.host, port: redis.port, password: 'pass-word' });
  }, 60_000);
  afterAll(async () => {
    admin.disconnect();
    await redis.stop();
  });
  const open = (password: string | undefined, more: object = {}) =>
    openCache({ kind: 'redis', address: `${redis.host}:${redis.port}`, passwordSecret: 'p', ...more }, 'flights', async () => password);

  it('a wrong password is HDL-CACHE-REFUSED, and is not shown', async () => {
    const error = await open('wrong-one').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'HDL-CACHE-REFUSED' });
    expect(String(error)).not.toContain('wrong-one');
    await expect(openCache({ kind: 'redis', address: `${redis.host}:${redis.port}` }, 'flights')).rejects.toMatchObject({ code: 'HDL-CACHE-REFUSED' });
  });

  it('out of memory is HDL-CACHE-FULL in the middle of the writing and before it, and what is served stays', async () => {
    const store = await open('pass-word', { db: 3 });
    expect(store.notes).toEqual([]);
    await store.create('a');
    await store.put(
      'a',
      entriesOf(['k'], () => 0.5),
    );
    await store.swap(null, 'a', 'run-1');
    await expect(needRoom(store, 1_000_000, 12)).rejects.toMatchObject({ code: 'HDL-CACHE-FULL' });
    await expect(
      store.put(
        'b',
        entriesOf(keysOf(200_000), () => 0.5),
      ),
    ).rejects.toMatchObject({ code: 'HDL-CACHE-FULL', what: expect.stringContaining('OOM') as string });
    expect((await cacheReader(store).get('k'))?.score).toBe(0.5);
    await admin.flushall();
    await store.put(
      'b',
      entriesOf(keysOf(10), () => 0.5),
    ); // the connection is opened anew
    await store.close();
  });

  it('one that evicts by itself is told as a note', async () => {
    await admin.config('SET', 'maxmemory-policy', 'allkeys-lru');
    const store = await open('pass-word');
    expect(store.notes).toEqual([expect.stringContaining('maxmemory-policy is allkeys-lru')]);
    await store.close();
    await admin.config('SET', 'maxmemory-policy', 'noeviction');
  });

  it('a server that dies while it is written to is HDL-CACHE-UNREACHABLE', async () => {
    const own = await startRedis();
    const store = await openCache({ kind: 'redis', address: `${own.host}:${own.port}` }, 'flights');
    const writing = (async () => {
      for (;;)
        await store.put(
          'a',
          entriesOf(keysOf(5_000), () => 0.5),
        );
    })();
    const failed = expect(writing).rejects.toMatchObject({ code: 'HDL-CACHE-UNREACHABLE' });
    await store.put(
      'a',
      entriesOf(['k'], () => 0.5),
    );
    process.kill(own.pid, 'SIGKILL');
    await failed;
    await store.close();
    await own.stop();
  });
});

it.each([
  ['OOM command not allowed when used memory > maxmemory', 'HDL-CACHE-FULL'],
  ['No space left on device', 'HDL-CACHE-FULL'],
  ['Disk usage exceeds failure threshold: writes are disabled', 'HDL-CACHE-FULL'],
  ["READONLY You can't write against a read only replica.", 'HDL-CACHE-REFUSED'],
  ['User app has no MODIFY permission on <table k.t> or any of its parents', 'HDL-CACHE-REFUSED'],
  ['Server timeout during write query at consistency LOCALQUORUM', 'HDL-CACHE-UNREACHABLE'],
])('"%s" is %s', (message, code) => {
  expect(cacheError(new Error(message), 'x', 'writing').code).toBe(code);
});
