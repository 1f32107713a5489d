/**
 * Puts a staged partition in place by one rename that fails if the target exists. Idempotent: the same manifest at the target
 * means that it was done. A replacement moves the old folder to .heddle/gen/<partition>/<generation> under an intent file, from
 * which a later publish of the partition rolls forward. Workers, in the activity heddle.publish.
 */
import type { PinnedPartition, SliceHandle, StagedPartition } from '../../dsl/contract/step.ts';
import { HeddleError, isHeddleError } from '../../dsl/errors/heddle-error.ts';
import { digestOf, sha256Hex } from '../digest.ts';
import type { Store } from '../store.ts';
import { MANIFEST, type Manifest } from './manifest.ts';

interface Intent {
  readonly staging: string;
  readonly manifest: string;
  readonly generation: number;
}
type Staged = Omit<StagedPartition, 'at'>;

/** Throws HDL-STAGING-GONE, HDL-PARTITION-CHANGED; HDL-PARTITION-EXISTS where it may not replace. */
export async function publishPartition(store: Store, staged: Staged, options: { readonly replace: boolean }): Promise<SliceHandle> {
  const path = Object.entries(staged.key)
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`)
    .join('/');
  const target = `${staged.uri}/${path}`;
  const generations = `${staged.uri}/.heddle/gen/${encodeURIComponent(path)}`;
  const intent = `${generations}/intent.json`;
  await rollForward(store, intent, target, generations);
  const present = await manifestDigest(store, target);
  const taken = (await store.list(generations)).filter((entry) => entry.folder).length;
  if (present === staged.manifestDigest) return handle(staged, path, taken + 1);
  if ((await manifestDigest(store, staged.staging)) !== staged.manifestDigest) {
    throw new HeddleError('HDL-STAGING-GONE', { what: `${staged.staging} does not hold what the step staged.`, where: `${staged.dataset} ${path}` });
  }
  if (present !== null || (await store.stat(target))) {
    if (!options.replace) throw new HeddleError('HDL-PARTITION-EXISTS', { what: `${staged.dataset} ${path} is published already.`, where: target });
    const wish: Intent = { staging: staged.staging, manifest: staged.manifestDigest, generation: taken + 1 };
    await store.write(intent, Buffer.from(JSON.stringify(wish), 'utf8'));
    await store.renameFolder(target, `${generations}/${wish.generation}`);
    await store.renameFolder(staged.staging, target);
    await store.remove(intent);
    return handle(staged, path, taken + 2);
  }
  try {
    await store.renameFolder(staged.staging, target);
  } catch (error) {
    // Another attempt was quicker: right when it put the same thing there.
    if (!isHeddleError(error) || (await manifestDigest(store, target)) !== staged.manifestDigest) throw error;
  }
  return handle(staged, path, taken + 1);
}

/** A replacement that stopped between its two renames. */
async function rollForward(store: Store, intent: string, target: string, generations: string): Promise<void> {
  if (!(await store.stat(intent))) return;
  const wish = JSON.parse(Buffer.from(await store.read(intent)).toString('utf8')) as Intent; // written above
  if ((await manifestDigest(store, target)) !== wish.manifest && (await manifestDigest(store, wish.staging)) === wish.manifest) {
    if (await store.stat(target)) await store.renameFolder(target, `${generations}/${wish.generation}`);
    await store.renameFolder(wish.staging, target);
  }
  await store.remove(intent);
}

export async function manifestDigest(store: Store, folder: string): Promise<string | null> {
  const uri = `${folder}/${MANIFEST}`;
  return (await store.stat(uri)) ? `sha256:${sha256Hex(await store.read(uri))}` : null;
}

export async function readManifest(store: Store, folder: string): Promise<{ readonly manifest: Manifest; readonly digest: string } | null> {
  const uri = `${folder}/${MANIFEST}`;
  if (!(await store.stat(uri))) return null;
  const bytes = await store.read(uri);
  return { manifest: JSON.parse(Buffer.from(bytes).toString('utf8')) as Manifest, digest: `sha256:${sha256Hex(bytes)}` };
}

function handle(staged: Staged, path: string, generation: number): SliceHandle {
  const partitions: PinnedPartition[] = [{ path, generation, manifest: staged.manifestDigest, rows: staged.rows, bytes: staged.bytes }];
  return { kind: 'slice', dataset: staged.dataset, uri: staged.uri, digest: digestOf(partitions as never), rows: staged.rows, bytes: staged.bytes, partitions };
}
