/**
 * What every store must do, as one suite: it takes a factory, so that each file system runs the same. A store that passes
 * can carry values, item lists and partitions.
 */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Store } from '../../storage/store.ts';

export interface StoreUnderTest {
  readonly store: Store;
  /** Absolute URI of a folder outside of store://, which the store may write. */
  readonly outside: string;
  remove(): Promise<void> | void;
}
const bytes = (text: string): Uint8Array => Buffer.from(text, 'utf8');
const text = (content: Uint8Array): string => Buffer.from(content).toString('utf8');
const sha = (content: string | Uint8Array): string => `sha256:${createHash('sha256').update(content).digest('hex')}`;
/** Names that a file may have and an address has trouble with. */
const ODD_NAMES = [
  'day=2001-03-01',
  'a b',
  '50%',
  '50%25',
  'a%2Fb',
  'ü',
  '漢字',
  'a#b?c',
  'a+b&c',
  "it's (1)",
  '[x]',
  'a:b',
  'a\\b',
  'e\u0301',
  'trials%5B0.01%5D',
  '.hidden',
  'page.tmp',
  '😀',
];

export function storeConformance(name: string, open: () => Promise<StoreUnderTest>, impossible: readonly string[] = []): void {
  const oddNames = ODD_NAMES.filter((odd) => !impossible.includes(odd));
  describe(name, () => {
    let under: StoreUnderTest;
    let store: Store;
    beforeAll(async () => {
      under = await open();
      ({ store } = under);
    });
    afterAll(async () => {
      await under.remove();
    });

    describe('files', () => {
      it('come back as they were written, with size and digest', async () => {
        expect(await store.write('store://files/a/b.txt', bytes('grüße'))).toEqual({ bytes: 7, digest: sha('grüße') });
        expect(text(await store.read('store://files/a/b.txt'))).toBe('grüße');
        expect(await store.stat('store://files/a/b.txt')).toMatchObject({ uri: store.resolve('store://files/a/b.txt'), bytes: 7, folder: false });
      });
      it('may be empty', async () => {
        expect(await store.write('store://files/empty', new Uint8Array())).toEqual({ bytes: 0, digest: sha('') });
        expect(await store.read('store://files/empty')).toHaveLength(0);
      });
      it('are replaced as a whole', async () => {
        await store.write('store://files/twice', bytes('a longer first text'));
        await store.write('store://files/twice', bytes('short'));
        expect(text(await store.read('store://files/twice'))).toBe('short');
      });
      it('are written from a stream of parts', async () => {
        const part = Buffer.alloc(300_000, 'x');
        async function* parts() {
          for (let i = 0; i < 20; i++) yield part;
          yield new Uint8Array();
        }
        const written = await store.write('store://files/large', parts());
        expect(written).toEqual({ bytes: 6_000_000, digest: sha(Buffer.alloc(6_000_000, 'x')) });
        expect((await store.stat('store://files/large'))?.bytes).toBe(6_000_000);
      });
      it('whose stream fails leave the old content and nothing beside it', async () => {
        await store.write('store://failing/file', bytes('old'));
        async function* parts() {
          yield bytes('new');
          throw new Error('the source failed');
        }
        await expect(store.write('store://failing/file', parts())).rejects.toThrow('the source failed');
        expect(text(await store.read('store://failing/file'))).toBe('old');
        expect((await store.list('store://failing')).map(({ uri }) => uri)).toEqual([store.resolve('store://failing/file')]);
      });
      it('written by many at once hold one of the contents, whole', async () => {
        const contents = Array.from({ length: 12 }, (_, i) => String(i).repeat(50_000 + i));
        await Promise.all(contents.map((content) => store.write('store://files/race', bytes(content))));
        expect(contents).toContain(text(await store.read('store://files/race')));
      });
      it('are read in ranges, cut at the end', async () => {
        await store.write('store://files/range', bytes('0123456789'));
        const range = async (offset?: number, length?: number): Promise<string> =>
          text(await store.read('store://files/range', { ...(offset !== undefined && { offset }), ...(length !== undefined && { length }) }));
        expect(await range(2, 3)).toBe('234');
        expect(await range(7)).toBe('789');
        expect(await range(undefined, 2)).toBe('01');
        expect(await range(8, 100)).toBe('89');
        expect(await range(10, 5)).toBe('');
        expect(await range(50)).toBe('');
        expect(await range(3, 0)).toBe('');
      });
      it('tell when they were written', async () => {
        const before = Date.now();
        await store.write('store://files/time', bytes('x'));
        expect(Math.abs(((await store.stat('store://files/time'))?.mtimeMs ?? 0) - before)).toBeLessThan(60_000);
      });
      it('that are not there are null to stat, and a coded error to read', async () => {
        expect(await store.stat('store://files/none')).toBeNull();
        expect(await store.stat('store://files/empty/below-a-file')).toBeNull();
        await expect(store.read('store://files/none')).rejects.toMatchObject({ code: 'HDL-NOT-FOUND' });
      });
      it('are removed, also twice', async () => {
        await store.write('store://files/gone', bytes('x'));
        await store.remove('store://files/gone');
        await store.remove('store://files/gone');
        expect(await store.stat('store://files/gone')).toBeNull();
      });
      it.each(oddNames)('may be called %s', async (odd) => {
        const uri = `store://odd/${odd}/${odd}`;
        await store.write(uri, bytes(odd));
        expect(text(await store.read(uri))).toBe(odd);
        // an address that was given out leads to the same file again
        expect(text(await store.read(store.resolve(uri)))).toBe(odd);
        const [entry] = await store.list(`store://odd/${odd}`);
        expect(entry).toMatchObject({ uri: store.resolve(uri), folder: false });
        expect(text(await store.read(entry?.uri ?? ''))).toBe(odd);
      });
      it('of all odd names are different files', async () => {
        expect((await store.list('store://odd')).map(({ uri }) => uri).toSorted()).toEqual(
          oddNames.map((odd) => store.resolve(`store://odd/${odd}`)).toSorted(),
        );
      });
      it('are not called what no file there can be', async () => {
        for (const odd of impossible) await expect(store.write(`store://odd/${odd}`, bytes(odd))).rejects.toMatchObject({ code: /^HDL-.*-NAME$/ });
      });
      it('are read as a stream, whole and in ranges', async () => {
        const content = Buffer.from(Array.from({ length: 1_000_000 }, (_, i) => i % 251));
        await store.write('store://files/stream', content);
        const streamed = async (range?: { readonly offset?: number; readonly length?: number }): Promise<Buffer> => {
          const parts: Uint8Array[] = [];
          for await (const part of store.readStream('store://files/stream', range)) parts.push(Uint8Array.from(part));
          return Buffer.concat(parts);
        };
        expect((await streamed()).equals(content)).toBe(true);
        expect((await streamed({ offset: 300_001, length: 400_000 })).equals(content.subarray(300_001, 700_001))).toBe(true);
        expect((await streamed({ offset: 999_990 })).equals(content.subarray(999_990))).toBe(true);
        expect(await streamed({ offset: 1_000_000 })).toHaveLength(0);
        expect(await streamed({ length: 0 })).toHaveLength(0);
        for await (const part of store.readStream('store://files/stream')) {
          expect(part.length).toBeGreaterThan(0);
          break; // whoever has enough leaves
        }
        const none = store.readStream('store://files/none')[Symbol.asyncIterator]();
        await expect(none.next()).rejects.toMatchObject({ code: 'HDL-NOT-FOUND' });
      });
      it('are read in many ranges at once, in the order asked', async () => {
        const content = Buffer.from(Array.from({ length: 600_000 }, (_, i) => (i * 7) % 253));
        await store.write('store://files/ranges', content);
        const ranges = [
          { offset: 599_990, length: 100 },
          { offset: 10, length: 5 },
          { offset: 0, length: 20 },
          { offset: 300_000, length: 0 },
          { offset: 300_000, length: 1000 },
          { offset: 700_000, length: 5 },
        ];
        const found = await store.readRanges('store://files/ranges', ranges);
        expect(found.map((part) => Buffer.from(part).toString('hex'))).toEqual(
          ranges.map(({ offset, length }) => content.subarray(offset, offset + length).toString('hex')),
        );
        await expect(store.readRanges('store://files/none', [{ offset: 0, length: 1 }])).rejects.toMatchObject({ code: 'HDL-NOT-FOUND' });
      });
      it('have a checksum that tells equal from other content', async () => {
        await store.write('store://sums/a', bytes('the same'));
        await store.write('store://sums/b', bytes('the same'));
        await store.write('store://sums/c', bytes('The same'));
        const [a, b, c] = await Promise.all(['a', 'b', 'c'].map((file) => store.checksum(`store://sums/${file}`)));
        expect(a).toMatch(/^[\w-]+:[0-9a-f]{32,}$/);
        expect(b).toBe(a);
        expect(c).not.toBe(a);
        await expect(store.checksum('store://sums/none')).rejects.toMatchObject({ code: 'HDL-NOT-FOUND' });
      });
      it('are put together from parts, which are gone then', async () => {
        for (const part of ['1', '2', '3']) await store.write(`store://parts/${part}`, bytes(part.repeat(1000)));
        await store.concat('store://parts/1', ['store://parts/2', 'store://parts/3']);
        expect(text(await store.read('store://parts/1'))).toBe('1'.repeat(1000) + '2'.repeat(1000) + '3'.repeat(1000));
        expect(await store.list('store://parts')).toHaveLength(1);
        await expect(store.concat('store://parts/1', ['store://parts/none'])).rejects.toMatchObject({ code: 'HDL-NOT-FOUND' });
      });
      it('have permissions', async () => {
        await store.write('store://files/mode', bytes('x'));
        await store.setPermission('store://files/mode', 0o640);
        await expect(store.setPermission('store://files/none', 0o640)).rejects.toMatchObject({ code: 'HDL-NOT-FOUND' });
      });
      it('are neither written nor read once the caller has given up', async () => {
        await store.write('store://given-up/old', bytes('old'));
        const gone = new AbortController();
        async function* parts() {
          yield bytes('new');
          gone.abort(new Error('enough'));
          yield bytes('newer');
        }
        await expect(store.write('store://given-up/old', parts(), { signal: gone.signal })).rejects.toThrow('enough');
        await expect(store.read('store://given-up/old', { signal: gone.signal })).rejects.toThrow('enough');
        expect(text(await store.read('store://given-up/old'))).toBe('old');
        expect(await store.list('store://given-up')).toHaveLength(1);
      });
    });

    describe('folders', () => {
      it('list their own entries by name, and nothing deeper', async () => {
        for (const file of ['b', 'a', 'c/deep']) await store.write(`store://listed/${file}`, bytes(file));
        expect(await store.list('store://listed')).toMatchObject([
          { uri: store.resolve('store://listed/a'), bytes: 1, folder: false },
          { uri: store.resolve('store://listed/b'), folder: false },
          { uri: store.resolve('store://listed/c'), bytes: 0, folder: true },
        ]);
      });
      it('that are not there list as nothing', async () => {
        expect(await store.list('store://no/such/folder')).toEqual([]);
      });
      it('are made with those above, also twice', async () => {
        await store.makeFolder('store://made/a/b');
        await store.makeFolder('store://made/a/b');
        expect(await store.stat('store://made/a/b')).toMatchObject({ folder: true });
        expect(await store.list('store://made/a/b')).toEqual([]);
      });
      it('are removed with all that is in them, when that is asked', async () => {
        await store.write('store://full/a/b', bytes('x'));
        await expect(store.remove('store://full')).rejects.toThrow();
        expect(await store.stat('store://full/a/b')).not.toBeNull();
        await store.remove('store://full', { recursive: true });
        await store.remove('store://full', { recursive: true });
        expect(await store.stat('store://full')).toBeNull();
      });
    });

    describe('a rename of a folder', () => {
      it('moves everything, and makes the folders above the target', async () => {
        await store.write('store://rename/from/x/file', bytes('1'));
        await store.renameFolder('store://rename/from', 'store://rename/new/deep/to');
        expect(text(await store.read('store://rename/new/deep/to/x/file'))).toBe('1');
        expect(await store.stat('store://rename/from')).toBeNull();
      });
      it('fails where the target exists, and nests nothing', async () => {
        await store.write('store://exists/from/file', bytes('from'));
        await store.write('store://exists/to/file', bytes('to'));
        await expect(store.renameFolder('store://exists/from', 'store://exists/to')).rejects.toMatchObject({ code: 'HDL-PARTITION-EXISTS' });
        expect(await store.list('store://exists/to')).toHaveLength(1);
        expect(text(await store.read('store://exists/to/file'))).toBe('to');
        expect(text(await store.read('store://exists/from/file'))).toBe('from');
      });
      it('onto an empty folder takes its place: that is no partition', async () => {
        await store.write('store://onto-empty/from/file', bytes('1'));
        await store.makeFolder('store://onto-empty/to');
        await store.renameFolder('store://onto-empty/from', 'store://onto-empty/to');
        expect(text(await store.read('store://onto-empty/to/file'))).toBe('1');
        expect(await store.list('store://onto-empty')).toHaveLength(1);
      });
      it('fails where the target is a file', async () => {
        await store.write('store://onto-file/from/file', bytes('from'));
        await store.write('store://onto-file/to', bytes('to'));
        await expect(store.renameFolder('store://onto-file/from', 'store://onto-file/to')).rejects.toMatchObject({ code: 'HDL-PARTITION-EXISTS' });
        expect(text(await store.read('store://onto-file/to'))).toBe('to');
      });
      it('fails without a source', async () => {
        await expect(store.renameFolder('store://none/from', 'store://none/to')).rejects.toMatchObject({ code: 'HDL-NOT-FOUND' });
        expect(await store.stat('store://none/to')).toBeNull();
      });
      it('by two at once is won by one', async () => {
        const names = ['a', 'b', 'c', 'd', 'e', 'f'];
        for (const from of names) await store.write(`store://race/${from}/file`, bytes(from));
        const results = await Promise.allSettled(names.map((from) => store.renameFolder(`store://race/${from}`, 'store://race/target')));
        expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
        for (const result of results) if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'HDL-PARTITION-EXISTS' });
        const winner = names[results.findIndex(({ status }) => status === 'fulfilled')] ?? '';
        expect(text(await store.read('store://race/target/file'))).toBe(winner);
        expect(await store.list('store://race')).toHaveLength(names.length);
      });
    });

    describe('addresses', () => {
      it('resolve to one absolute form, whatever slashes they have', async () => {
        expect(store.resolve('store://a/b/')).toBe(store.resolve('store://a//b'));
        expect(store.resolve(store.resolve('store://a/b'))).toBe(store.resolve('store://a/b'));
      });
      it('may lie outside of the root', async () => {
        await store.write(`${under.outside}/other/file`, bytes('outside'));
        expect(text(await store.read(`${under.outside}/other/file`))).toBe('outside');
      });
      it.each([
        'store://../x',
        'store://a/../../x',
        'store://a/%2e%2e/x',
        'store://a/..',
        'store://./a',
        'ftp://host/a',
        'a/b',
        '/a/b',
        '',
        'store:/a',
        'store://a\u0000b',
      ])('%j is refused', async (uri) => {
        const refused = { code: 'HDL-BAD-URI' };
        expect(() => store.resolve(uri)).toThrow('HDL-BAD-URI');
        await expect(store.read(uri)).rejects.toMatchObject(refused);
        await expect(store.write(uri, bytes('x'))).rejects.toMatchObject(refused);
        await expect(store.remove(uri, { recursive: true })).rejects.toMatchObject(refused);
        await expect(store.renameFolder('store://files', uri)).rejects.toMatchObject(refused);
      });
      it('above the root are refused in the absolute form too', async () => {
        for (const up of ['..', '%2e%2e', '.%2E']) await expect(store.read(`${under.outside}/${up}/x`)).rejects.toMatchObject({ code: 'HDL-BAD-URI' });
      });
    });
  });
}
