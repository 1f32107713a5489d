/**
 * Item lists: a folder of JSON pages with an index, of any length in bounded memory. A page that writeItems made holds 500
 * items, the last fewer; a list joined of chunks' result pages keeps their files where they are and points at them.
 */
import type { Json } from '../dsl/plan/types.ts';
import { ITEMS_PER_PAGE, type ItemListHandle } from '../dsl/contract/step.ts';
import { HeddleError, isHeddleError } from '../dsl/errors/heddle-error.ts';
import { sha256Hex } from './digest.ts';
import type { Store } from './store.ts';
import { childUri } from './uri.ts';

interface Page {
  readonly uri: string;
  readonly count: number;
  readonly digest: string;
}
interface Index {
  readonly pages: readonly Page[];
}
type Items = Iterable<Json> | AsyncIterable<Json>;
/** Pages read at once while joining. */
const AT_ONCE = 8;
const INDEX = 'index.json';

const pageName = (page: number): string => `page-${String(page).padStart(5, '0')}.json`;

/** Throws HDL-NOT-JSON for an item that JSON cannot hold. */
export async function writeItems(store: Store, folder: string, items: Items): Promise<ItemListHandle> {
  const at = store.resolve(folder);
  const pages: Page[] = [];
  let page: Json[] = [];
  let count = 0;
  const flush = async (): Promise<void> => {
    pages.push(await writePage(store, childUri(at, pageName(pages.length)), page));
    page = [];
  };
  for await (const item of items) {
    if (JSON.stringify(item) === undefined)
      throw new HeddleError('HDL-NOT-JSON', { what: `Item ${count} of the list is ${typeof item}, which JSON cannot hold.`, where: folder });
    count++;
    if (page.push(item) === ITEMS_PER_PAGE) await flush();
  }
  if (page.length > 0) await flush();
  return finish(store, at, { pages }, count);
}

/** A page of a chunk's results. */
export async function writePage(store: Store, uri: string, items: readonly Json[]): Promise<Page> {
  const resolved = store.resolve(uri);
  const { digest } = await store.write(resolved, Buffer.from(JSON.stringify(items), 'utf8'));
  return { uri: resolved, count: items.length, digest };
}

/** One list of result pages, of any sizes, in their order. Throws HDL-VALUE-CHANGED for a page that has not `count` items. */
export async function joinPages(store: Store, folder: string, pages: readonly { readonly uri: string; readonly count: number }[]): Promise<ItemListHandle> {
  const joined: Page[] = [];
  for (let first = 0; first < pages.length; first += AT_ONCE) {
    joined.push(...(await Promise.all(pages.slice(first, first + AT_ONCE).map((page) => seen(store, page)))));
  }
  return finish(
    store,
    store.resolve(folder),
    { pages: joined },
    pages.reduce((sum, { count }) => sum + count, 0),
  );
}

async function seen(store: Store, { uri, count }: { readonly uri: string; readonly count: number }): Promise<Page> {
  const bytes = await there(store, uri);
  const { length } = JSON.parse(Buffer.from(bytes).toString('utf8')) as Json[]; // a page, written above
  if (length !== count) throw changed(`${uri} holds ${length} items, and ${count} were written`);
  return { uri: store.resolve(uri), count, digest: `sha256:${sha256Hex(bytes)}` };
}

async function finish(store: Store, at: string, index: Index, count: number): Promise<ItemListHandle> {
  const text = JSON.stringify(index);
  await store.write(childUri(at, INDEX), Buffer.from(text, 'utf8'));
  return { kind: 'items', uri: at, count, pageSize: ITEMS_PER_PAGE, digest: `sha256:${sha256Hex(text)}` };
}

/** [] for a page beyond the end. Throws HDL-VALUE-CHANGED when index or page are not what was written. */
export async function readItemsPage(store: Store, list: ItemListHandle, page: number): Promise<Json[]> {
  const entry = (await indexOf(store, list)).pages[page];
  return entry ? itemsOf(store, entry) : [];
}

export async function* iterateItems(store: Store, list: ItemListHandle): AsyncGenerator<Json> {
  for (const page of (await indexOf(store, list)).pages) yield* await itemsOf(store, page);
}

/** Index and pages are there; what is in them is checked when they are read. */
export async function hasItems(store: Store, list: ItemListHandle): Promise<boolean> {
  try {
    const { pages } = await indexOf(store, list);
    for (let first = 0; first < pages.length; first += AT_ONCE) {
      const found = await Promise.all(pages.slice(first, first + AT_ONCE).map(({ uri }) => store.stat(uri)));
      if (found.includes(null)) return false;
    }
    return true;
  } catch (error) {
    if (isHeddleError(error) && error.code === 'HDL-VALUE-CHANGED') return false;
    throw error;
  }
}

async function itemsOf(store: Store, page: Page): Promise<Json[]> {
  const bytes = await there(store, page.uri);
  check(page.uri, bytes, page.digest);
  return JSON.parse(Buffer.from(bytes).toString('utf8')) as Json[]; // an array, its digest was checked
}

async function indexOf(store: Store, list: ItemListHandle): Promise<Index> {
  const uri = childUri(list.uri, INDEX);
  const bytes = await there(store, uri);
  check(uri, bytes, list.digest);
  return JSON.parse(Buffer.from(bytes).toString('utf8')) as Index; // written above, its digest was checked
}

async function there(store: Store, uri: string): Promise<Uint8Array> {
  try {
    return await store.read(uri);
  } catch (error) {
    throw isHeddleError(error) && error.code === 'HDL-NOT-FOUND' ? changed(`${uri} is not there any more`) : error;
  }
}
function check(uri: string, bytes: Uint8Array, digest: string): void {
  if (`sha256:${sha256Hex(bytes)}` !== digest) throw changed(`${uri} is not the file that was written: its digest is not ${digest}`);
}
const changed = (what: string): HeddleError => new HeddleError('HDL-VALUE-CHANGED', { what: `${what}.`, where: 'item list' });
