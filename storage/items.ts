/**
 * Item lists: a folder of JSON pages with an index, of any length in bounded memory. A page that writeItems made holds 500
 * items, or fewer where they are large (all pages of a list alike, but the last); a list joined of chunks' result pages keeps their files where they are and points at them.
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
/** JSON of a page, bytes: above this there are fewer than 500 items in one, so many that it has about GOOD_PAGE. */
const LARGE_PAGE = 1024 * 1024;
const GOOD_PAGE = 512 * 1024;
/** So much is looked at before the size of the pages is chosen. */
const FIRST_BYTES = 4 * 1024 * 1024;
/** A page crosses Temporal, whose payloads end at 2 MiB. */
const MOST_BYTES = 1900 * 1024;

const pageName = (page: number): string => `page-${String(page).padStart(5, '0')}.json`;

/** Throws HDL-NOT-JSON for an item that JSON cannot hold. */
export async function writeItems(store: Store, folder: string, items: Items): Promise<ItemListHandle> {
  const at = store.resolve(folder);
  const pages: Page[] = [];
  let waiting: Json[] = [];
  let bytes = 0;
  let count = 0;
  let pageSize: number | null = null;
  /** The size follows from the items that came first. */
  const flush = async (isLast: boolean): Promise<void> => {
    pageSize ??= bytes <= LARGE_PAGE ? ITEMS_PER_PAGE : Math.max(1, Math.floor((waiting.length * GOOD_PAGE) / bytes));
    let from = 0;
    for (; from + pageSize <= waiting.length || (isLast && from < waiting.length); from += pageSize)
      pages.push(await writePage(store, childUri(at, pageName(pages.length)), waiting.slice(from, from + pageSize)));
    waiting = waiting.slice(from);
    bytes = 0;
  };
  for await (const item of items) {
    const text = JSON.stringify(item) as string | undefined; // undefined for what JSON cannot hold
    if (text === undefined)
      throw new HeddleError('HDL-NOT-JSON', { what: `Item ${count} of the list is ${typeof item}, which JSON cannot hold.`, where: folder });
    count++;
    bytes += Buffer.byteLength(text);
    waiting.push(item);
    if (waiting.length >= (pageSize ?? ITEMS_PER_PAGE) || (pageSize === null && bytes > FIRST_BYTES)) await flush(false);
  }
  if (waiting.length > 0) await flush(true);
  return finish(store, at, { pages }, count, pageSize ?? ITEMS_PER_PAGE);
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
    pages.length > 1 ? Math.max(...pages.map(({ count }) => count)) : ITEMS_PER_PAGE,
  );
}

async function seen(store: Store, { uri, count }: { readonly uri: string; readonly count: number }): Promise<Page> {
  const bytes = await there(store, uri);
  const { length } = JSON.parse(Buffer.from(bytes).toString('utf8')) as Json[]; // a page, written above
  if (length !== count) throw changed(`${uri} holds ${length} items, and ${count} were written`);
  return { uri: store.resolve(uri), count, digest: `sha256:${sha256Hex(bytes)}` };
}

async function finish(store: Store, at: string, index: Index, count: number, pageSize: number): Promise<ItemListHandle> {
  const text = JSON.stringify(index);
  await store.write(childUri(at, INDEX), Buffer.from(text, 'utf8'));
  return { kind: 'items', uri: at, count, pageSize, digest: `sha256:${sha256Hex(text)}` };
}

/** [] for a page beyond the end. Throws HDL-VALUE-CHANGED when index or page are not what was written, HDL-PAGE-TOO-LARGE. */
export async function readItemsPage(store: Store, list: ItemListHandle, page: number): Promise<Json[]> {
  const entry = (await indexOf(store, list)).pages[page];
  if (!entry) return [];
  const found = await store.stat(entry.uri);
  if (found && found.bytes > MOST_BYTES) {
    const first = page * list.pageSize;
    throw new HeddleError('HDL-PAGE-TOO-LARGE', {
      what: `Items ${first} to ${first + entry.count - 1} of the list have ${(found.bytes / 1024 / 1024).toFixed(1)} MiB of JSON; a page that a map reads may have ${MOST_BYTES / 1024} KiB.`,
      where: list.uri,
    });
  }
  return itemsOf(store, entry);
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
