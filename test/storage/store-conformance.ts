/** What every file system behind the Store interface does. A suite that takes a factory, so that others can pass it too. */
import { describe, expect, it } from 'vitest';
import type { Store } from '../../storage/store.ts';

export function storeConformance(name: string, open: () => Promise<Store>): void {
  describe(`a store on ${name}`, () => {
    const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
    const text = (from: Uint8Array): string => Buffer.from(from).toString();

    it('reads what was written, whole and in ranges, also past the end', async () => {
      const store = await open();
      const written = await store.write('store://a/b.txt', bytes('hello world'));
      expect(written).toEqual({ bytes: 11, digest: 'sha256:b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9' });
      expect(text(await store.read('store://a/b.txt'))).toBe('hello world');
      expect(text(await store.read('store://a/b.txt', { offset: 6, length: 3 }))).toBe('wor');
      expect(text(await store.read('store://a/b.txt', { offset: 6, length: 99 }))).toBe('world');
      expect(await store.read('store://a/b.txt', { offset: 50 })).toHaveLength(0);
    });
    it('writes streams, and replaces a file at once', async () => {
      const store = await open();
      const parts = (async function* () { yield bytes('one '); yield bytes('two'); })();
      await store.write('store://f', bytes('old'));
      await store.write('store://f', parts);
      expect(text(await store.read('store://f'))).toBe('one two');
      expect((await store.list('store://')).map((entry) => entry.uri.split('/').at(-1))).toEqual(['f']);
    });
    it('leaves the old file when a write breaks off', async () => {
      const store = await open();
      await store.write('store://f', bytes('old'));
      const broken = (async function* () { yield bytes('new'); throw new Error('cut'); })();
      await expect(store.write('store://f', broken)).rejects.toThrow('cut');
      expect(text(await store.read('store://f'))).toBe('old');
    });
    it.each(['50%25', 'a%2Fb', '漢', 'ü', 'with space', '#', '?', 'a=b', 'day=2001-03-01'])('keeps the name %s', async (part) => {
      const store = await open();
      const uri = `${store.resolve('store://x')}/${encodeURIComponent(part)}`;
      await store.write(uri, bytes(part));
      expect(text(await store.read(uri))).toBe(part);
      expect((await store.list('store://x')).map((entry) => decodeURIComponent(entry.uri.split('/').at(-1) ?? ''))).toEqual([part]);
    });
    it('says what is not there', async () => {
      const store = await open();
      expect(await store.stat('store://no')).toBeNull();
      expect(await store.list('store://no')).toEqual([]);
      await expect(store.read('store://no')).rejects.toMatchObject({ code: 'HDL-NOT-FOUND' });
      await expect(store.renameFolder('store://no', 'store://to')).rejects.toMatchObject({ code: 'HDL-NOT-FOUND' });
      await store.remove('store://no', { recursive: true });
    });
    it('renames a folder in one step, never nests, and fails where the target exists', async () => {
      const store = await open();
      await store.write('store://from/f', bytes('1'));
      await store.renameFolder('store://from', 'store://to/deep');
      expect(text(await store.read('store://to/deep/f'))).toBe('1');
      expect(await store.stat('store://from')).toBeNull();
      await store.write('store://from/f', bytes('2'));
      await expect(store.renameFolder('store://from', 'store://to/deep')).rejects.toMatchObject({ code: 'HDL-PARTITION-EXISTS' });
      expect((await store.list('store://to/deep')).length).toBe(1);
      await store.makeFolder('store://empty');
      await store.renameFolder('store://from', 'store://empty');
      expect(text(await store.read('store://empty/f'))).toBe('2');
    });
    it('refuses a path that leaves its root', async () => {
      const store = await open();
      for (const uri of ['store://../x', 'store://a/../../x', 'store://a/%2e%2e/x']) await expect((async () => store.read(uri))()).rejects.toMatchObject({ code: 'HDL-BAD-URI' });
    });
    it('tells folders from files, with bytes and times', async () => {
      const store = await open();
      await store.write('store://d/f', bytes('abc'));
      expect(await store.stat('store://d')).toMatchObject({ folder: true });
      expect(await store.stat('store://d/f')).toMatchObject({ folder: false, bytes: 3 });
      expect((await store.stat('store://d/f'))?.mtimeMs).toBeGreaterThan(1e12);
      await store.remove('store://d', { recursive: true });
      expect(await store.stat('store://d')).toBeNull();
    });
  });
}
