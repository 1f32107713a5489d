/** A real HDFS with an active and a standby NameNode and two DataNodes: the suite of all stores, failovers, broken DataNodes. */
import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { HdfsConfig } from '../../dsl/config.ts';
import { openProjectStore } from '../../storage/open-file-systems.ts';
import type { Store } from '../../storage/store.ts';
import { hadoopMissing, startHadoop, type HadoopPart } from '../real-parts/hadoop.ts';
import { storeConformance } from '../storage/store-conformance.ts';
import { startFaultProxy, times, type FaultProxy } from './fault-proxy.ts';

const missing = hadoopMissing();
let hadoop: HadoopPart;
/** One before each DataNode, and one before the NameNode that is active at that moment. */
let datanodes: FaultProxy[] = [];
let namenode: FaultProxy;
let active = 0;
let dead: number | null = null;
beforeAll(async () => {
  if (missing !== null) return;
  hadoop = await startHadoop({
    ha: true,
    datanodes: 2,
    // a DataNode gives up its lost NameNode soon
    conf: { 'ipc.client.connect.max.retries': '1', 'ipc.client.connect.retry.interval': '200', 'ipc.client.connect.max.retries.on.timeouts': '1' },
  });
  datanodes = await Promise.all(hadoop.datanodes.map((host) => startFaultProxy(host)));
  namenode = await startFaultProxy(() => hostOf(active));
}, 240_000);
afterAll(async () => {
  await Promise.all([...datanodes, namenode].map((proxy) => proxy?.stop()));
  await hadoop?.stop();
});
afterEach(async () => {
  if (dead !== null) await hadoop.tell(`start-nn ${dead}`); // it comes back, as a standby
  dead = null;
  for (const proxy of [...datanodes, namenode]) if (proxy) proxy.fault = () => null;
});

const hostOf = (index: number): string => (hadoop.namenodes[index] ?? '').replace('http://', '');
/** Through the proxies of the DataNodes. */
const store = (over: Partial<HdfsConfig> = {}): Store =>
  openProjectStore({
    storageRoot: 'hdfs://ml/faults',
    project: 'p',
    hdfs: {
      ml: {
        namenodes: hadoop.namenodes,
        hosts: Object.fromEntries(hadoop.datanodes.map((host, i) => [host, datanodes[i]?.host ?? ''])),
        timeouts: { failoverMs: 30_000 },
        ...over,
      },
    },
  });
const everyDataNode = (fault: FaultProxy['fault']): void => {
  for (const proxy of datanodes) proxy.fault = fault;
};
/** The active NameNode goes, the other one takes over. */
async function kill(): Promise<void> {
  dead = active;
  active = 1 - active;
  await hadoop.tell(`stop-nn ${dead}`);
  await hadoop.tell(`active ${active}`);
}
/** DataNodes that hold the first block of a file. */
async function copiesOf(path: string): Promise<number> {
  const answer = await fetch(`${hadoop.namenodes[active]}/webhdfs/v1${path}?op=GETFILEBLOCKLOCATIONS&user.name=root`);
  const { BlockLocations: found } = (await answer.json()) as { BlockLocations?: { BlockLocation: { names: string[] }[] } };
  return found?.BlockLocation[0]?.names.length ?? 0;
}
const MIB = 1024 * 1024;
const content = (bytes: number): Buffer => {
  const block = createHash('sha512').update('block').digest();
  return Buffer.alloc(bytes, block);
};
const names = async (of: Store, folder: string): Promise<string[]> => (await of.list(folder)).map(({ uri }) => uri.slice(uri.lastIndexOf('/') + 1));

describe.skipIf(missing !== null)(`HDFS with two NameNodes${missing === null ? '' : `: ${missing}`}`, () => {
  storeConformance(
    'a store in an HDFS with a standby',
    async () => ({
      store: openProjectStore({ storageRoot: 'hdfs://ml/suite', project: 'default', hdfs: { ml: { namenodes: hadoop.namenodes.toReversed() } } }),
      outside: 'hdfs://ml/outside',
      remove: () => undefined,
    }),
    ['a:b'],
  );

  describe('when the active NameNode is killed', () => {
    it('in the middle of an upload, what was sent is sent again and the file is whole', async () => {
      const files = store();
      // the first DataNode's answer, that its NameNode is gone, comes after the kill
      everyDataNode(times(1, 'PUT CREATE', { kind: 'hold', until: kill }));
      expect(await files.write('store://upload/a', content(4 * MIB))).toMatchObject({ bytes: 4 * MIB });
      expect(dead).not.toBeNull();
      expect(Buffer.from(await files.read('store://upload/a')).equals(content(4 * MIB))).toBe(true);
      expect(await names(files, 'store://upload')).toEqual(['a']);
    });

    it('in the middle of a stream, which cannot be read again, the old file stays and the next attempt puts the new one in place', async () => {
      const files = store();
      await files.write('store://upload/b', Buffer.from('old'));
      async function* parts(between?: () => Promise<void>) {
        yield content(MIB);
        await between?.();
        yield content(MIB);
      }
      await expect(files.write('store://upload/b', parts(kill))).rejects.toMatchObject({ code: 'HDL-HDFS-INCOMPLETE' });
      expect(Buffer.from(await files.read('store://upload/b')).toString()).toBe('old');
      expect(await files.write('store://upload/b', parts())).toMatchObject({ bytes: 2 * MIB });
      expect(Buffer.from(await files.read('store://upload/b')).equals(content(2 * MIB))).toBe(true);
    });

    it('in the middle of a download, the rest comes from where it broke', async () => {
      const files = store();
      await files.write('store://download/a', content(4 * MIB));
      let once = true;
      everyDataNode((operation) => (operation === 'GET OPEN' && once ? ((once = false), { kind: 'cut', after: MIB }) : null));
      const got: Buffer[] = [];
      for await (const part of files.readStream('store://download/a')) {
        if (got.length === 0) await kill();
        got.push(Buffer.from(part));
      }
      expect(once).toBe(false);
      expect(Buffer.concat(got).equals(content(4 * MIB))).toBe(true);
    });

    it('right after it renamed, the lost answer is judged by what lies at the target', async () => {
      const files = store({ namenodes: [`http://${namenode.host}`, ...hadoop.namenodes] });
      await files.write('store://rename/from/file', Buffer.from('moved'));
      namenode.fault = times(1, 'PUT RENAME', { kind: 'lose', meanwhile: kill });
      await files.renameFolder('store://rename/from', 'store://rename/to');
      expect(namenode.seen).toContain('PUT RENAME');
      expect(Buffer.from(await files.read('store://rename/to/file')).toString()).toBe('moved');
      expect(await names(files, 'store://rename')).toEqual(['to']);
    });
  });

  describe('a lost answer', () => {
    it('of the rename that puts a file in place, or of its upload, ends in the file', async () => {
      const files = store({ namenodes: [`http://${namenode.host}`] });
      namenode.fault = times(1, 'PUT RENAME', { kind: 'lose' });
      await files.write('store://lost/a', Buffer.from('renamed'));
      namenode.fault = times(1, 'PUT CREATE', { kind: 'lose' });
      await files.write('store://lost/b', Buffer.from('created'));
      everyDataNode(times(1, 'PUT CREATE', { kind: 'lose' }));
      await files.write('store://lost/c', Buffer.from('sent'));
      expect(await Promise.all(['a', 'b', 'c'].map(async (name) => Buffer.from(await files.read(`store://lost/${name}`)).toString()))).toEqual([
        'renamed',
        'created',
        'sent',
      ]);
      expect(await names(files, 'store://lost')).toEqual(['a', 'b', 'c']);
    });

    it("of a folder's rename does not hide that another one is there", async () => {
      const files = store({ namenodes: [`http://${namenode.host}`] });
      await files.write('store://lost-rename/mine/file', Buffer.from('mine'));
      await files.write('store://lost-rename/theirs/file', Buffer.from('theirs'));
      namenode.fault = times(1, 'PUT RENAME', { kind: 'lose' });
      await expect(files.renameFolder('store://lost-rename/mine', 'store://lost-rename/theirs')).rejects.toMatchObject({ code: 'HDL-PARTITION-EXISTS' });
      expect(Buffer.from(await files.read('store://lost-rename/mine/file')).toString()).toBe('mine');
    });
  });

  describe('a NameNode that does not serve', () => {
    it('is passed by, and the one that does is remembered', async () => {
      const standby = await startFaultProxy(hostOf(1 - active));
      const files = store({ namenodes: [`http://${standby.host}`, hadoop.namenodes[active] ?? ''] });
      await files.write('store://standby/a', Buffer.from('x'));
      const asked = standby.seen.length;
      expect(asked).toBeGreaterThan(0);
      for (let i = 0; i < 5; i++) await files.stat('store://standby/a');
      expect(standby.seen).toHaveLength(asked);
      await standby.stop();
    });

    it('is given up after a time, with each one and what it said', async () => {
      const files = store({ namenodes: [hadoop.namenodes[1 - active] ?? '', 'http://127.0.0.1:1'], timeouts: { failoverMs: 700 } });
      await expect(files.stat('store://a')).rejects.toMatchObject({
        code: 'HDL-HDFS-UNREACHABLE',
        message: expect.stringMatching(/StandbyException[^]*127\.0\.0\.1:1|127\.0\.0\.1:1[^]*StandbyException/),
      });
    });

    it('for a moment, in safe mode or behind a gateway that answers 503, is waited for', async () => {
      const files = store({ namenodes: [`http://${namenode.host}`] });
      namenode.fault = times(2, 'GET GETFILESTATUS', { kind: 'answer', status: 503 });
      expect(await files.stat('store://none')).toBeNull();
      if (active !== 0) return;
      await hadoop.tell('safemode on');
      const written = files.write('store://safe/a', Buffer.from('x'));
      await expect.poll(() => namenode.seen.filter((operation) => operation === 'PUT CREATE').length).toBeGreaterThan(1);
      await hadoop.tell('safemode off');
      expect(await written).toMatchObject({ bytes: 1 });
    });
  });

  describe('a DataNode', () => {
    it('that answers 503 is an error, and the old file stays', async () => {
      const files = store();
      await files.write('store://busy/a', Buffer.from('old'));
      everyDataNode((operation) => (operation === 'PUT CREATE' ? { kind: 'answer', status: 503 } : null));
      await expect(files.write('store://busy/a', Buffer.from('new'))).rejects.toMatchObject({
        code: 'HDL-HDFS-UNREACHABLE',
        message: expect.stringContaining('503'),
      });
      expect(Buffer.from(await files.read('store://busy/a')).toString()).toBe('old');
      expect(await names(files, 'store://busy')).toEqual(['a']);
    });

    it('that answers 503 once is passed by, and a stream is not begun before', async () => {
      const files = store();
      everyDataNode(times(1, 'PUT CREATE', { kind: 'answer', status: 503 }));
      let begun = 0;
      async function* parts() {
        begun++;
        yield content(MIB);
      }
      expect(await files.write('store://busy/b', parts())).toMatchObject({ bytes: MIB });
      expect(begun).toBe(1);
    });

    it('that breaks off is taken up at the byte reached', async () => {
      const files = store();
      await files.write('store://cut/a', content(MIB));
      for (const proxy of datanodes) proxy.seen.length = 0;
      everyDataNode(times(2, 'GET OPEN', { kind: 'cut', after: 300_000 }));
      expect(Buffer.from(await files.read('store://cut/a')).equals(content(MIB))).toBe(true);
      expect(datanodes.flatMap(({ seen }) => seen).length).toBeGreaterThan(2);
    });

    it('that always breaks off is told, with the byte', async () => {
      const files = store();
      await files.write('store://cut/b', content(MIB));
      everyDataNode((operation) => (operation === 'GET OPEN' ? { kind: 'cut', after: 0 } : null));
      await expect(files.read('store://cut/b')).rejects.toMatchObject({
        code: 'HDL-HDFS-INCOMPLETE',
        message: expect.stringContaining('at byte 0 of 1048576'),
      });
    });

    it('that sends nothing more is left after the idle time', async () => {
      const files = store({ timeouts: { idleMs: 400, failoverMs: 10_000 } });
      await files.write('store://slow/a', content(MIB));
      everyDataNode(times(1, 'GET OPEN', { kind: 'stall', after: 100_000 }));
      expect(Buffer.from(await files.read('store://slow/a')).equals(content(MIB))).toBe(true);
    });

    it('that breaks off an upload is an error for a stream, and the old file stays', async () => {
      const files = store();
      await files.write('store://broken/a', Buffer.from('old'));
      everyDataNode((operation) => (operation === 'PUT CREATE' ? { kind: 'lose' } : null));
      async function* parts() {
        yield content(MIB);
      }
      await expect(files.write('store://broken/a', parts())).rejects.toMatchObject({ code: 'HDL-HDFS-INCOMPLETE' });
      expect(Buffer.from(await files.read('store://broken/a')).toString()).toBe('old');
      expect(await names(files, 'store://broken')).toEqual(['a']);
    });
  });

  it('a file that is replaced while it is read is not mixed with the new one', async () => {
    const files = store();
    await files.write('store://replaced/a', content(4 * MIB));
    everyDataNode(times(1, 'GET OPEN', { kind: 'cut', after: MIB }));
    const read = async (): Promise<void> => {
      let first = true;
      for await (const part of files.readStream('store://replaced/a')) {
        if (first) await files.write('store://replaced/a', Buffer.alloc(4 * MIB, 'n'));
        first = part.length === 0;
      }
    };
    await expect(read()).rejects.toMatchObject({ code: 'HDL-STORE-FAILED', message: expect.stringContaining('replaced while it was read') });
  });

  // last: the DataNode comes back on another port
  it('a DataNode that is gone is left out', async () => {
    const files = store({ hosts: {} });
    await files.write('store://gone/a', content(MIB));
    // a DataNode that was just started may have been left out of the write: its copy follows
    await expect.poll(() => copiesOf('/faults/p/gone/a'), { timeout: 60_000, interval: 200 }).toBe(2);
    await hadoop.tell('stop-dn 0');
    try {
      for (let i = 0; i < 4; i++) expect(await files.read('store://gone/a')).toHaveLength(MIB);
    } finally {
      await hadoop.tell('start-dn');
    }
  });
});
