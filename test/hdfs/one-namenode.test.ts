/** A real HDFS with one NameNode: the suite of all stores, what only HDFS refuses, tokens, and the npm package `webhdfs` as an oracle. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import webhdfs from 'webhdfs';
import type { SliceHandle } from '../../dsl/contract/step.ts';
import { historyOf } from '../../storage/datasets/layout.ts';
import { listPartitions } from '../../storage/datasets/list-partitions.ts';
import { oldGenerations } from '../../storage/datasets/old-generations.ts';
import { pinSlice } from '../../storage/datasets/pin-slice.ts';
import { publishPartition } from '../../storage/datasets/publish-partition.ts';
import { childUri } from '../../storage/uri.ts';
import { KEY, numbers, PATH, stage, valuesOf, visible } from '../commit/commit-kit.ts';
import { cancelToken, fetchToken, renewToken } from '../../storage/hdfs/delegation-tokens.ts';
import { HdfsClient } from '../../storage/hdfs/hdfs-client.ts';
import { readTokenFile } from '../../storage/hdfs/token-file.ts';
import { openProjectStore } from '../../storage/open-file-systems.ts';
import type { HdfsConfig } from '../../dsl/config.ts';
import type { Store } from '../../storage/store.ts';
import { hadoopMissing, startHadoop, type HadoopPart } from '../real-parts/hadoop.ts';
import { storeConformance } from '../storage/store-conformance.ts';

const missing = hadoopMissing();
const folder = mkdtempSync(join(tmpdir(), 'heddle-hdfs-'));
const user = userInfo().username;
let hadoop: HadoopPart;
beforeAll(async () => {
  if (missing !== null) return;
  // listings of five entries a page: every listing of the suite is paged
  hadoop = await startHadoop({ conf: { 'dfs.namenode.delegation.token.always-use': 'true', 'dfs.ls.limit': '5' } });
}, 240_000);
afterAll(async () => {
  await hadoop?.stop();
  rmSync(folder, { recursive: true, force: true });
});
const store = (over: Partial<HdfsConfig> = {}): Store =>
  openProjectStore({ storageRoot: 'hdfs://one/store', project: 'p', hdfs: { one: { namenodes: hadoop.namenodes, ...over } } });
const ask = async (method: string, path: string): Promise<number> =>
  (await fetch(`${hadoop.namenodes[0]}/webhdfs/v1${path}&user.name=${user}`, { method })).status;

describe.skipIf(missing !== null)(`HDFS with one NameNode${missing === null ? '' : `: ${missing}`}`, () => {
  storeConformance(
    'a store in HDFS',
    async () => ({
      store: openProjectStore({ storageRoot: 'hdfs://one/a root%25', project: 'default', hdfs: { one: { namenodes: hadoop.namenodes } } }),
      outside: 'hdfs://one/outside',
      remove: () => undefined,
    }),
    ['a:b'],
  );

  it('a partition goes from another system to ours and back: pinned, replaced, replaced again, rolled back, its old generations kept', async () => {
    const files = store();
    const d = numbers();
    const folderOf = childUri(files.resolve(d.uri), PATH);
    const { staging } = await stage(files, numbers(), [1, 2], 'spark');
    await files.write(childUri(folderOf, 'part-0.snappy.parquet'), await files.read(childUri(staging, 'part-00000.parquet')));
    await files.write(childUri(folderOf, '_SUCCESS'), new Uint8Array());
    const spark = (await pinSlice(files, d, [KEY])) as SliceHandle;
    const two = await publishPartition(files, await stage(files, d, [3], 'r2'), { replace: true });
    await publishPartition(files, await stage(files, d, [4], 'r3'), { replace: true });
    const root = files.resolve(d.uri);
    const [back] = await oldGenerations(files, root, PATH, (await historyOf(files, root, PATH)).old);
    const staged = { dataset: d.name, uri: root, key: KEY, staging: back?.uri ?? '', manifestDigest: back?.manifest ?? '', rows: 1, bytes: 1 };
    await publishPartition(files, staged, { replace: true, generation: 4, rollback: { from: 2, who: 'ann', note: null } });
    expect(await visible(files, d)).toEqual([3]);
    expect(await valuesOf(files, d, two)).toEqual([3]);
    expect(await valuesOf(files, d, spark)).toEqual([1, 2]);
    expect((await listPartitions(files, d)).partitions).toMatchObject([{ generation: 4 }]);
    expect((await historyOf(files, root, PATH)).old).toEqual([3, 1]);
  });

  describe('what HDFS refuses', () => {
    it('for want of a right is told as that, with the user and the folder', async () => {
      await store().write('store://private/a', Buffer.from('x'));
      await store().setPermission('store://private', 0o700);
      const stranger = store({ user: 'stranger' });
      await expect(stranger.read('store://private/a')).rejects.toMatchObject({ code: 'HDL-HDFS-DENIED', message: expect.stringContaining('user=stranger') });
      await expect(stranger.write('store://private/b', Buffer.from('x'))).rejects.toMatchObject({ code: 'HDL-HDFS-DENIED' });
      expect(await store().list('store://private')).toHaveLength(1);
    });

    it('for want of room is told as that, leaves nothing, and keeps the old file', async () => {
      const files = store();
      await files.write('store://full/a', Buffer.from('old'));
      // a quota is charged for whole blocks of 128 MiB at first
      expect(await ask('PUT', `/store/p/full?op=SETQUOTA&namespacequota=${'9223372036854775807'}&storagespacequota=${1024 * 1024}`)).toBe(200);
      await expect(files.write('store://full/a', Buffer.alloc(100_000))).rejects.toMatchObject({
        code: 'HDL-HDFS-FULL',
        cause: expect.objectContaining({ code: 'EDQUOT' }),
      });
      expect(Buffer.from(await files.read('store://full/a')).toString()).toBe('old');
      expect(await files.list('store://full')).toHaveLength(1);
    });

    it('as a name is told before anything happens, and so is a cluster that is not configured', async () => {
      await expect(store().write('store://a:b', Buffer.from('x'))).rejects.toMatchObject({ code: 'HDL-HDFS-NAME' });
      await expect(store().read('hdfs://other/x')).rejects.toMatchObject({ code: 'HDL-BAD-URI', message: expect.stringContaining('one') });
      expect(() => openProjectStore({ storageRoot: 'hdfs://other/x', project: 'p', hdfs: {} })).toThrow('HDL-BAD-URI');
      await expect(store().write(`store://${'x'.repeat(300)}`, Buffer.from('x'))).rejects.toMatchObject({ code: 'HDL-STORE-FAILED' });
    });

    it('a folder read as a file, and a folder made where a file is', async () => {
      await store().write('store://kinds/file', Buffer.from('x'));
      await expect(store().read('store://kinds')).rejects.toMatchObject({ code: 'HDL-STORE-FAILED' });
      await expect(store().makeFolder('store://kinds/file')).rejects.toMatchObject({ code: 'HDL-STORE-FAILED' });
      await expect(store().concat('store://kinds/file', ['store://kinds/a,b'])).rejects.toMatchObject({ code: 'HDL-HDFS-NAME' });
    });
  });

  it('another user is acted for with doas', async () => {
    // the cluster has no proxy users: it must say that this one may not
    await expect(store({ doas: 'ada' }).stat('store://x')).rejects.toMatchObject({
      code: expect.stringMatching(/HDL-HDFS-(DENIED|AUTH)/),
      message: expect.stringContaining('not allowed to impersonate ada'),
    });
  });

  describe('a delegation token', () => {
    it('is fetched, renewed and cancelled', async () => {
      const client = new HdfsClient({ namenodes: hadoop.namenodes });
      const token = await fetchToken(client, user);
      expect(await renewToken(client, token)).toBeGreaterThan(Date.now());
      await cancelToken(client, token);
      await expect(renewToken(client, token)).rejects.toMatchObject({ exception: 'InvalidToken' });
    });

    // a cluster without Kerberos gives tokens out and heeds none: that each request carries one is in gateways.test.ts
    it.each(['WRITABLE', 'PROTOBUF'])('is read from the file that Hadoop writes, format %s, and from its text', async (format) => {
      const token = await fetchToken(new HdfsClient({ namenodes: hadoop.namenodes }), user);
      const file = join(folder, `${format}.token`);
      await hadoop.tell(`token-file ${format} ${file} ${token}`);
      const { readFileSync } = await import('node:fs');
      expect(readTokenFile(readFileSync(file))).toBe(token);
      expect(readTokenFile(Buffer.from(`${token}\n`))).toBe(token);
    });

    it('in a file that is none is refused with the file', async () => {
      const file = join(folder, 'none.token');
      await expect(store({ tokenFile: file }).stat('store://a')).rejects.toMatchObject({ code: 'HDL-HDFS-AUTH', message: expect.stringContaining(file) });
      writeFileSync(file, 'HDTS\u0000\u0005');
      await expect(store({ tokenFile: file }).stat('store://a')).rejects.toMatchObject({ code: 'HDL-HDFS-AUTH', message: expect.stringContaining('cut off') });
    });
  });

  describe('the npm package webhdfs', () => {
    const content = Buffer.from(Array.from({ length: 3_000_000 }, (_, i) => (i * 31) % 251));
    const oracle = () => {
      const { hostname, port } = new URL(hadoop.namenodes[0] ?? '');
      return webhdfs.createClient({ user, host: hostname, port: Number(port), path: '/webhdfs/v1' });
    };
    it('reads what this client uploaded', async () => {
      await store().write('store://oracle/ours', Readable.from([content.subarray(0, 1_000_000), content.subarray(1_000_000)]));
      const hash = createHash('sha256');
      await pipeline(oracle().createReadStream('/store/p/oracle/ours'), hash);
      expect(hash.digest('hex')).toBe(createHash('sha256').update(content).digest('hex'));
    });
    it('is read by this client', async () => {
      await store().makeFolder('store://oracle');
      await pipeline(Readable.from([content]), oracle().createWriteStream('/store/p/oracle/theirs'));
      // it says that it is done before the DataNode has closed the file
      await expect.poll(async () => (await store().stat('store://oracle/theirs'))?.bytes, { timeout: 20_000 }).toBe(content.length);
      expect(Buffer.from(await store().read('store://oracle/theirs')).equals(content)).toBe(true);
    });
  });
});
