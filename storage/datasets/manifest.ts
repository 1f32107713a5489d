/** _manifest.json of a partition: who wrote it, from what, and its files with checksums. Written beside _SUCCESS. */
import type { SliceHandle } from '../../dsl/contract/step.ts';
import type { Json, JsonObject } from '../../dsl/plan/types.ts';
import { isHeddleError } from '../../dsl/errors/heddle-error.ts';
import { sha256Hex } from '../digest.ts';
import type { Store } from '../store.ts';
import { childUri } from '../uri.ts';
import type { Profile } from './profile.ts';

export interface Manifest {
  readonly format: 1;
  readonly dataset: string;
  readonly key: JsonObject;
  readonly runId: string;
  readonly step: string;
  readonly attempt: number;
  readonly planHash: string;
  readonly task: string;
  readonly version: string;
  readonly codeDigest: string | null;
  readonly inputs: readonly { readonly dataset: string; readonly digest: string; readonly rows: number }[];
  /** Model versions that the step was given: scores name theirs. */
  readonly models?: readonly ModelUsed[];
  readonly files: readonly ManifestFile[];
  readonly rows: number;
  readonly bytes: number;
  /** Figures by which the dataset's expectations were judged. */
  readonly profile?: Profile;
}
export interface ModelUsed {
  readonly name: string;
  readonly version: string;
  readonly digest: string;
}
export interface ManifestFile {
  readonly name: string;
  readonly rows: number;
  readonly bytes: number;
  readonly digest: string;
}
/** Hive, Spark and Arrow pass by what begins with '_'. */
export const MANIFEST = '_manifest.json';
export const SUCCESS = '_SUCCESS';

export const inputsOf = (slices: readonly SliceHandle[]): Manifest['inputs'] => slices.map(({ dataset, digest, rows }) => ({ dataset, digest, rows }));

/** Handles of models anywhere in a step's input, each once. */
export function modelsIn(input: Json): ModelUsed[] {
  const found = new Map<string, ModelUsed>();
  const visit = (value: Json): void => {
    if (value === null || typeof value !== 'object') return;
    const { kind, name, version, digest } = value as JsonObject; // of a list all are undefined
    if (kind === 'model' && typeof name === 'string' && typeof version === 'string' && typeof digest === 'string')
      found.set(`${name}@${version}`, { name, version, digest });
    else for (const inner of Object.values(value)) visit(inner as Json);
  };
  visit(input);
  return [...found.values()];
}

/** null for a folder without one, or with one that is none of ours: another system's. `digest` is over its bytes. */
export async function readManifest(store: Store, folder: string): Promise<{ readonly manifest: Manifest; readonly digest: string } | null> {
  let bytes: Uint8Array;
  try {
    bytes = await store.read(childUri(folder, MANIFEST));
  } catch (error) {
    if (isHeddleError(error) && error.code === 'HDL-NOT-FOUND') return null;
    throw error;
  }
  const manifest = manifestIn(Buffer.from(bytes).toString('utf8'));
  return manifest && { manifest, digest: `sha256:${sha256Hex(bytes)}` };
}

function manifestIn(text: string): Manifest | null {
  try {
    const value = JSON.parse(text) as Partial<Manifest> | null;
    return value !== null && typeof value === 'object' && value.format === 1 && hasCounts(value) ? (value as Manifest) : null; // format 1 has this shape
  } catch {
    return null;
  }
}

/** What everybody counts on: files by name, size and digest, and sums of rows and bytes. */
const hasCounts = ({ files, rows, bytes }: Partial<Manifest>): boolean =>
  typeof rows === 'number' &&
  typeof bytes === 'number' &&
  Array.isArray(files) &&
  (files as readonly (Partial<ManifestFile> | null)[]).every(
    (file) => typeof file?.name === 'string' && typeof file.rows === 'number' && typeof file.bytes === 'number' && typeof file.digest === 'string',
  );
