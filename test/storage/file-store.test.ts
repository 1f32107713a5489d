/** The store on a local file system: the suite of all stores, and what only a local one can show. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStore } from '../../storage/store.ts';
import { storeConformance } from './store-conformance.ts';

const tempFolder = (): string => mkdtempSync(join(tmpdir(), 'heddle-store-'));

storeConformance('a store in a local folder', async () => {
  const folder = tempFolder();
  return {
    store: openStore({ root: join(folder, 'root folder%'), project: 'default' }),
    outside: pathToFileURL(join(folder, 'outside')).href,
    remove: () => {
      rmSync(folder, { recursive: true, force: true });
    },
  };
});

describe('the root', () => {
  let folder: string;
  beforeAll(() => {
    folder = tempFolder();
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('may be a folder or its file: address, and each project has its own below it', async () => {
    const first = openStore({ root: folder, project: 'one' });
    await first.write('store://a', Buffer.from('1'));
    expect(Buffer.from(await openStore({ root: `${pathToFileURL(folder).href}/`, project: 'one' }).read('store://a')).toString()).toBe('1');
    expect(await openStore({ root: folder, project: 'two' }).stat('store://a')).toBeNull();
    expect(readdirSync(join(folder, 'one'))).toEqual(['a']);
  });

  it('of a scheme that is not there is refused by its name', () => {
    expect(() => openStore({ root: 's3://bucket/x', project: 'p' })).toThrow(/HDL-BAD-URI: .*s3/);
  });

  it('is where a folder read as a file, or a name too long, is refused by the file system', async () => {
    const store = openStore({ root: folder, project: 'p' });
    await store.makeFolder('store://folder');
    await expect(store.read('store://folder')).rejects.toMatchObject({ code: 'HDL-STORE-FAILED', message: expect.stringContaining('EISDIR') });
    await expect(store.write(`store://${'x'.repeat(300)}`, new Uint8Array())).rejects.toMatchObject({ code: 'HDL-STORE-FAILED' });
  });

  it('of another host is refused', async () => {
    await expect(openStore({ root: folder, project: 'p' }).read('file://host/a')).rejects.toMatchObject({ code: 'HDL-BAD-URI' });
  });
});
