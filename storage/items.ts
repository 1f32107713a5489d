/**
 * Item lists: a folder of JSON pages with an index, of any length in bounded memory. A page holds `pageSize` items, the last
 * may hold fewer; a list joined of chunks' result pages keeps their files where they are and points at them.
 */
import type { Json } from '../dsl/plan/types.ts';
import { ITEMS_PER_PAGE, type ItemListHandle } from '../dsl/contract/step.ts';
import { HeddleError } from '../dsl/errors/heddle-error.ts';
import { sha256Hex } from './digest.ts';
import type { Store } from './store.ts';

interface Index {
  readonly pages: readonly { readonly uri: string; readonly count: number; readonly digest: string }[];
}
type Items = Iterable<Json> | AsyncIterable<Json>;

const pageName = (page: number): string => `page-${String(page).padStart(5, '0')}.json`;

export async function writeItems(store: Store, folder: string, items: Items): Promise<ItemListHandle> {
  const at = store.resolve(folder);
  const pages: { uri: string; count: number; digest: string }[] = [];
  let page: Json[] = [];
  let count = 0;
  const flush = async (): Promise<void> => {
    pages.push(await writePage(store, `${at}/${pageName(pages.length)}`, page));
    count += page.length;
    page = [];
  };
  for await (const item of items) if (page.push(item) === ITEMS_PER_PAGE) await flush();
  if (page.length > 0) await flush();
  return finish(store, at, { pages }, count);
}

/** A page of a chunk's results. */
export async function writePage(store: Store, uri: string, items: readonly Json[]): Promise<{ uri: string; count: number; digest: string }> {
  const resolved = store.resolve(uri);
  const { digest } = await store.write(resolved, Buffer.from(JSON.stringify(items), 'utf8'));
  return { uri: resolved, count: items.length, digest };
}

/** One list of result pages; each but the last must hold a full page of items. */
export async function joinPages(store: Store, folder: string, pages: readonly { readonly uri: string; readonly count: number }[]): Promise<ItemListHandle> {
  const withDigests = await Promise.all(pages.map(async ({ uri, count }) => ({ uri, count, digest: `sha256:${sha256Hex(await store.read(uri))}` })));
  return finish(
    store,
    store.resolve(folder),
    { pages: withDigests },
    pages.reduce((sum, { count }) => sum + count, 0),
  );
}

async function finish(store: Store, at: string, index: Index, count: number): Promise<ItemListHandle> {
  const text = JSON.stringify(index);
  await store.write(`${at}/index.json`, Buffer.from(text, 'utf8'));
  return { kind: 'items', uri: at, count, pageSize: ITEMS_PER_PAGE, digest: `sha256:${sha256Hex(text)}` };
}

/** Throws HDL-VALUE-CHANGED when index or page are not what was written. */
export async function readItemsPage(store: Store, list: ItemListHandle, page: number): Promise<Json[]> {
  const entry = (await indexOf(store, list)).pages[page];
  if (!entry) return [];
  const bytes = await store.read(entry.uri);
  check(entry.uri, bytes, entry.digest);
  return JSON.parse(Buffer.from(bytes).toString('utf8')) as Json[]; // an array, written above
}

export async function* iterateItems(store: Store, list: ItemListHandle): AsyncGenerator<Json> {
  const pages = (await indexOf(store, list)).pages.length;
  for (let page = 0; page < pages; page++) yield* await readItemsPage(store, list, page);
}

async function indexOf(store: Store, list: ItemListHandle): Promise<Index> {
  const uri = `${list.uri}/index.json`;
  const bytes = await store.read(uri);
  check(uri, bytes, list.digest);
  return JSON.parse(Buffer.from(bytes).toString('utf8')) as Index; // written above, its digest was checked
}
function check(uri: string, bytes: Uint8Array, digest: string): void {
  if (`sha256:${sha256Hex(bytes)}` !== digest)
    throw new HeddleError('HDL-VALUE-CHANGED', { what: `${uri} is not the file that was written: its digest is not ${digest}.` });
}
