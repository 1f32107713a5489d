/** Values above 4 KiB: kept in the store, passed as `{ $stored }`, checked by digest when they are loaded. Workers, server. */
import { canonicalJson } from '../dsl/plan/canonical-json.ts';
import type { Json, JsonObject } from '../dsl/plan/types.ts';
import { isStored, type Stored } from '../dsl/contract/step.ts';
import { HeddleError, isHeddleError } from '../dsl/errors/heddle-error.ts';
import { sha256Hex } from './digest.ts';
import type { Store } from './store.ts';

/** The file is named by its content: storing the same again is the same file. */
export async function storeValue(
  store: Store,
  at: { readonly runId: string; readonly step: string },
  value: Json,
  keep: readonly (readonly string[])[],
): Promise<Stored> {
  const text = canonicalJson(value);
  const digest = sha256Hex(text);
  const uri = store.resolve(`store://values/${at.runId}/${digest}.json`);
  const { bytes } = await store.write(uri, Buffer.from(text, 'utf8'));
  const kept = Object.fromEntries(keep.map((path) => [path.join('.'), follow(value, path)]));
  return { $stored: { uri, digest: `sha256:${digest}`, bytes }, ...(keep.length > 0 && { kept }) };
}

/** Throws HDL-VALUE-CHANGED when the file is gone or is not what was stored. */
export async function loadValue(store: Store, stored: Stored): Promise<Json> {
  const { uri, digest } = stored.$stored;
  let bytes: Uint8Array;
  try {
    bytes = await store.read(uri);
  } catch (error) {
    if (!isHeddleError(error) || error.code !== 'HDL-NOT-FOUND') throw error;
    throw new HeddleError('HDL-VALUE-CHANGED', { what: `The stored value ${uri} is not there any more.`, cause: error });
  }
  if (`sha256:${sha256Hex(bytes)}` !== digest)
    throw new HeddleError('HDL-VALUE-CHANGED', { what: `The stored value ${uri} is not the one that was written: its digest is not ${digest}.` });
  return JSON.parse(Buffer.from(bytes).toString('utf8')) as Json; // canonical JSON, written above
}

/**
 * The input with everything stored in it loaded, deep; `{ $storedPath: { stored, path } }` is a part of a stored value. The
 * list of partitions inside of a slice stays where it is: whoever reads the slice loads it.
 */
export const loadInputs = (store: Store, input: Json): Promise<Json> => new InputLoader(store).load(input);

/** One value that stands in many places, a fan-in's say, is read once. */
class InputLoader {
  private readonly store: Store;
  private readonly loaded = new Map<string, Promise<Json>>();
  constructor(store: Store) {
    this.store = store;
  }

  async load(input: Json): Promise<Json> {
    if (input === null || typeof input !== 'object') return input;
    if (isStored(input)) return this.load(await this.value(input));
    if (Array.isArray(input)) return Promise.all(input.map((item) => this.load(item as Json)));
    if ('$storedPath' in input) {
      const { stored, path } = input['$storedPath'] as unknown as { readonly stored: Stored; readonly path: readonly string[] };
      return this.load(await this.follow(stored, path));
    }
    const object = input as JsonObject;
    const isSlice = object['kind'] === 'slice' && isStored(object['partitions']);
    const entries = await Promise.all(
      Object.entries(object).map(async ([key, value]) => [key, isSlice && key === 'partitions' ? value : await this.load(value)] as const),
    );
    return Object.fromEntries(entries);
  }

  /** A path may lead through further stored values. */
  private async follow(stored: Stored, path: readonly string[]): Promise<Json> {
    let at = await this.value(stored);
    for (const key of path) {
      while (isStored(at)) at = await this.value(at);
      at = follow(at, [key]);
    }
    return at;
  }

  private value(stored: Stored): Promise<Json> {
    const id = `${stored.$stored.uri} ${stored.$stored.digest}`;
    const known = this.loaded.get(id) ?? loadValue(this.store, stored);
    this.loaded.set(id, known);
    return known;
  }
}

/** What the path leads to, as the interpreter follows it: a missing field or element is null. */
function follow(value: Json, path: readonly string[]): Json {
  let at: Json = value;
  for (const key of path) {
    if (at === null || typeof at !== 'object') return null;
    if (Array.isArray(at)) at = key === 'length' ? at.length : ((at[Number(key)] as Json | undefined) ?? null);
    else at = Object.hasOwn(at, key) ? ((at as JsonObject)[key] as Json) : null;
  }
  return at;
}
