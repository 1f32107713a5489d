/**
 * Puts a staged partition in place by one rename that fails if the target exists. Idempotent: what is in place already, or was
 * and has been replaced since, is done. A replacement moves the old folder to .heddle/gen/<partition>/<generation> under an
 * intent file, from which whoever comes next rolls forward. Workers, in the activity heddle.publish.
 */
import type { Json } from '../../dsl/plan/types.ts';
import type { PinnedPartition, SliceHandle, StagedPartition } from '../../dsl/contract/step.ts';
import { HeddleError, isHeddleError } from '../../dsl/errors/heddle-error.ts';
import { digestOf } from '../digest.ts';
import type { Store } from '../store.ts';
import { childUri } from '../uri.ts';
import { checkStaged } from './check-staged.ts';
import { generationsOf, oldGenerations, presentGeneration, stagingOfStep } from './layout.ts';
import { readManifest, type Manifest } from './manifest.ts';
import { partitionUri } from './partition-path.ts';
import { intentUri, rollForward, type Intent } from './replacement-intent.ts';
import { pathOfStaged } from './staged-path.ts';

type Staged = Omit<StagedPartition, 'at'>;
/** Two publishes of one partition get in each other's way at most a few times. */
const ROUNDS = 8;

/** Throws HDL-STAGING-GONE, HDL-MANIFEST; HDL-PARTITION-EXISTS where it may not replace. */
export async function publishPartition(store: Store, staged: Staged, options: { readonly replace: boolean }): Promise<SliceHandle> {
  const path = pathOfStaged(staged);
  for (let round = 1; ; round++) {
    try {
      const done = await tryPublish(store, staged, path, options.replace);
      if (done) return done;
    } catch (error) {
      // somebody else renamed what this one was about to, or published the same: look again
      const beaten = isHeddleError(error) && BEATEN.has(error.code) && error.cause !== REFUSED;
      if (!beaten || round === ROUNDS) throw error;
    }
  }
}
const BEATEN: ReadonlySet<string> = new Set(['HDL-NOT-FOUND', 'HDL-PARTITION-EXISTS', 'HDL-STAGING-GONE', 'HDL-MANIFEST']);
const REFUSED = new Error('replace is false');

async function tryPublish(store: Store, staged: Staged, path: string, replace: boolean): Promise<SliceHandle | null> {
  const root = staged.uri;
  const target = partitionUri(root, path);
  await rollForward(store, root, path);
  const present = await readManifest(store, target);
  if (present?.digest === staged.manifestDigest) return handle(store, staged, path, await presentGeneration(store, root, path), present.manifest);
  const before = await replacedSince(store, staged, path);
  if (before !== null) return handle(store, staged, path, before, null);
  const { digest } = await checkStaged(store, staged, path);
  if (!(await store.stat(target))) {
    await store.renameFolder(staged.staging, target);
    return null; // looked at once more, as for every other way in
  }
  if (!replace) throw new HeddleError('HDL-PARTITION-EXISTS', { what: `${staged.dataset} ${path} is published already.`, where: target, cause: REFUSED });
  const generation = await presentGeneration(store, root, path);
  const wish: Intent = { staging: staged.staging, manifest: digest, replaces: present?.digest ?? null, generation };
  await store.write(intentUri(root, path, digest), Buffer.from(JSON.stringify(wish), 'utf8'));
  await store.renameFolder(target, childUri(generationsOf(root, path), String(generation)));
  await store.renameFolder(staged.staging, target);
  await store.remove(intentUri(root, path, digest));
  return null;
}

/** Generation in which this very partition lies by now; null where it was never in place. */
async function replacedSince(store: Store, staged: Staged, path: string): Promise<number | null> {
  for (const generation of (await oldGenerations(store, staged.uri, path)).toSorted((a, b) => b - a)) {
    const old = await readManifest(store, childUri(generationsOf(staged.uri, path), String(generation)));
    if (old?.digest === staged.manifestDigest) return generation;
  }
  return null;
}

async function handle(store: Store, staged: Staged, path: string, generation: number, manifest: Manifest | null): Promise<SliceHandle> {
  // nothing of this step is staged any more: what earlier attempts left goes too
  if (manifest) await store.remove(stagingOfStep(staged.uri, manifest.runId, manifest.step), { recursive: true });
  const partitions: readonly PinnedPartition[] = [{ path, generation, manifest: staged.manifestDigest, rows: staged.rows, bytes: staged.bytes }];
  return {
    kind: 'slice',
    dataset: staged.dataset,
    uri: staged.uri,
    digest: digestOf(partitions as unknown as Json),
    rows: staged.rows,
    bytes: staged.bytes,
    partitions,
  };
}
