/**
 * A partition that another system wrote: Parquet files and a _SUCCESS, no manifest. It is read under a manifest that the pin
 * makes up (names, sizes, times, checksums, rows by the footers) and keeps in the store; whoever reads compares. Server, workers.
 */
import type { PinnedPartition } from '../../dsl/contract/step.ts';
import type { Json } from '../../dsl/plan/types.ts';
import { canonicalJson } from '../../dsl/plan/canonical-json.ts';
import { isHeddleError } from '../../dsl/errors/heddle-error.ts';
import { sha256Hex } from '../digest.ts';
import type { StoreEntry } from '../file-system.ts';
import type { Store } from '../store.ts';
import { nameOfUri } from '../uri.ts';
import { foreignFacts, type Asker, type FileFacts } from './foreign-files.ts';
import { GENERATION } from './generation-note.ts';
import { MANIFEST, SUCCESS, type ManifestFile } from './manifest.ts';

export interface ForeignManifest {
  readonly format: 1;
  readonly foreign: true;
  /** `digest`: the file system's checksum, 'ALGORITHM:...'. */
  readonly files: readonly (ManifestFile & { readonly mtimeMs: number })[];
}
/** Generation of what no publish of ours has numbered. */
export const FOREIGN = 0;

const uriOf = (digest: string): string => `store://foreign/${digest.slice('sha256:'.length)}.json`;

/** null: no such partition, or one without its marker, which may not be complete. */
export async function pinForeign(store: Store, folder: string, path: string, asker?: Asker): Promise<PinnedPartition | null> {
  const entries = await store.list(folder);
  if (!isForeign(entries)) return null;
  const data = dataFiles(entries);
  const facts = await foreignFacts(store, data, asker);
  const files = data.map(({ uri, bytes, mtimeMs }, i) => ({ name: nameOfUri(uri), bytes, mtimeMs, ...(facts[i] as FileFacts) })); // one each
  const text = canonicalJson({ format: 1, foreign: true, files } satisfies ForeignManifest as unknown as Json);
  const manifest = `sha256:${sha256Hex(text)}`;
  if (!(await store.stat(uriOf(manifest)))) await store.write(uriOf(manifest), Buffer.from(text, 'utf8'));
  const sum = (of: (file: ManifestFile) => number): number => files.reduce((total, file) => total + of(file), 0);
  return { path, generation: FOREIGN, manifest, rows: sum((file) => file.rows), bytes: sum((file) => file.bytes) };
}

/** Marked as complete by another system. */
export function isForeign(entries: readonly StoreEntry[]): boolean {
  const names = new Set(entries.map(({ uri }) => nameOfUri(uri)));
  return names.has(SUCCESS) && !names.has(MANIFEST) && !names.has(GENERATION);
}

/** What is wrong with the folder now, or its files as they were pinned. */
export async function foreignFiles(store: Store, folder: string, pinned: PinnedPartition): Promise<ForeignManifest['files'] | string> {
  const manifest = JSON.parse(Buffer.from(await store.read(uriOf(pinned.manifest))).toString('utf8')) as ForeignManifest; // written above
  const entries = new Map(dataFiles(await store.list(folder)).map((entry) => [nameOfUri(entry.uri), entry]));
  for (const file of manifest.files) {
    const entry = entries.get(file.name);
    if (!entry) return `${file.name} is not there any more`;
    if (entry.bytes !== file.bytes) return `${file.name} has ${entry.bytes} bytes now, and had ${file.bytes}`;
    if (entry.mtimeMs !== file.mtimeMs) return `${file.name} was written at ${at(entry.mtimeMs)}, and what was pinned at ${at(file.mtimeMs)}`;
    entries.delete(file.name);
  }
  const [added] = entries.keys();
  return added === undefined ? manifest.files : `${added} came in`;
}

const at = (ms: number): string => new Date(ms).toISOString();

/** Hidden names are no data, for Hive and Spark as for us. */
const dataFiles = (entries: readonly StoreEntry[]): StoreEntry[] => entries.filter(({ uri, folder }) => !folder && !/^[._]/.test(nameOfUri(uri)));

/** Whether the file that was read is the one that was pinned. */
export async function isSameForeign(store: Store, uri: string, file: ManifestFile): Promise<boolean> {
  try {
    return (await store.checksum(uri)) === file.digest;
  } catch (error) {
    if (isHeddleError(error) && error.code === 'HDL-NOT-FOUND') return false;
    throw error;
  }
}
