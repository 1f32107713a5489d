/**
 * Puts a staged partition in place by one rename that fails if the target exists. Idempotent: what is in place already, or was
 * and has been replaced since, is done. A replacement moves the old folder to .heddle/gen/<partition>/<generation> under an
 * intent file, from which whoever comes next rolls forward. The generation is the fencing token: a publish with a lower one
 * than has been in place is told so and changes nothing. Workers, in the activity heddle.publish; the server, for a rollback.
 */
import type { Json } from '../../dsl/plan/types.ts';
import type { PinnedPartition, SliceHandle, StagedPartition } from '../../dsl/contract/step.ts';
import { HeddleError, isHeddleError } from '../../dsl/errors/heddle-error.ts';
import { digestOf } from '../digest.ts';
import type { Store } from '../store.ts';
import { checkFiles, stagedManifest } from './check-staged.ts';
import { readNote, writeNote, type GenerationNote } from './generation-note.ts';
import { freeNumber, generationUri, historyOf, stagingOfStep, type History } from './layout.ts';
import { readManifest, type Manifest } from './manifest.ts';
import { partitionUri } from './partition-path.ts';
import { generationOfIntent, intentUri, putBack, rollForward, type Intent } from './replacement-intent.ts';
import { pathOfStaged } from './staged-path.ts';

type Staged = Omit<StagedPartition, 'at'>;
export interface PublishOptions {
  readonly replace: boolean;
  /** From the server (heddle.issue_generations). Left out: one more than any in the store. */
  readonly generation?: number | undefined;
  /** Set for a rollback: the staged folder is an old generation. */
  readonly rollback?: GenerationNote['rollback'];
  /** Looks at what is staged before anything is moved; throws what is wrong with it. */
  readonly check?: ((manifest: Manifest) => Promise<void>) | undefined;
  readonly now?: () => number;
}
/** Two publishes of one partition get in each other's way at most a few times. */
const ROUNDS = 8;

/** Throws HDL-STAGING-GONE, HDL-MANIFEST, HDL-FENCED; HDL-PARTITION-EXISTS where it may not replace; what `check` throws. */
export async function publishPartition(store: Store, staged: Staged, options: PublishOptions): Promise<SliceHandle> {
  const path = pathOfStaged(staged);
  for (let round = 1; ; round++) {
    try {
      const done = await tryPublish(store, staged, path, options, round);
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

async function tryPublish(store: Store, staged: Staged, path: string, options: PublishOptions, round: number): Promise<SliceHandle | null> {
  const root = staged.uri;
  const target = partitionUri(root, path);
  let history = await historyOf(store, root, path);
  if (await rollForward(store, root, path, history)) history = await historyOf(store, root, path);
  const present = await readNote(store, target);
  if (!present && (await putBack(store, root, path, history))) return null;
  const newest = Math.max(present?.generation ?? 0, history.newest);
  const isThere = present !== null || (round > 1 && (await store.stat(target)) !== null);
  const generation = options.generation ?? newest + (isThere && !present ? 2 : 1);
  const isOurs = present?.manifest === staged.manifestDigest && (options.generation === undefined || present.generation === generation);
  if (isOurs) return done(store, staged, path, present, options);
  const before = await replacedSince(store, staged, path, history, options.generation);
  if (before !== null) return done(store, staged, path, before, options);
  if (newest >= generation) throw fenced(staged, path, generation, newest, present);

  const manifest = await stagedManifest(store, staged, path);
  const note: GenerationNote = {
    generation,
    manifest: staged.manifestDigest,
    runId: manifest.runId,
    step: manifest.step,
    at: (options.now ?? Date.now)(),
    ...(options.rollback && { rollback: options.rollback }),
  };
  await options.check?.(manifest);
  await writeNote(store, staged.staging, note);
  await checkFiles(store, staged, path, manifest); // after the note: from here on nothing is written there
  if (!isThere) await store.renameFolder(staged.staging, target);
  else {
    if (!options.replace)
      throw new HeddleError('HDL-PARTITION-EXISTS', { what: `${staged.dataset} ${path} is published already.`, where: target, cause: REFUSED });
    const replaces = present?.generation ?? freeNumber(history, generation);
    const wish: Intent = { staging: staged.staging, manifest: staged.manifestDigest, generation, replaces };
    if (!(await replaceBy(store, staged, path, wish))) return null;
    // of publishes that stopped before they moved anything: they are overtaken
    for (const intent of history.intents) if (generationOfIntent(intent) < generation) await store.remove(intent);
  }
  return done(store, staged, path, note, options);
}

/** False: what was moved away is not what was to be replaced, and lies where it was. */
async function replaceBy(store: Store, { uri: root }: Staged, path: string, wish: Intent): Promise<boolean> {
  const target = partitionUri(root, path);
  const old = generationUri(root, path, wish.replaces);
  const intent = intentUri(root, path, wish);
  await store.write(intent, Buffer.from(JSON.stringify(wish), 'utf8'));
  await store.renameFolder(target, old);
  const moved = await readNote(store, old);
  if (moved && moved.generation !== wish.replaces) {
    // this publish slept, and another one came and went: its number is not ours to judge here
    await store.remove(intent);
    await store.renameFolder(old, target);
    return false;
  }
  await store.renameFolder(wish.staging, target);
  await store.remove(intent);
  return true;
}

type Place = Pick<GenerationNote, 'generation' | 'runId' | 'step'>;
/** Where this very partition lies by now; null where it was never in place. */
async function replacedSince(store: Store, staged: Staged, path: string, history: History, generation: number | undefined): Promise<Place | null> {
  const candidates = generation === undefined ? history.old : history.old.filter((number) => number === generation);
  for (const number of candidates) {
    const old = await readManifest(store, generationUri(staged.uri, path, number));
    if (old?.digest === staged.manifestDigest) return { generation: number, runId: old.manifest.runId, step: old.manifest.step };
  }
  return null;
}

async function done(store: Store, staged: Staged, path: string, { generation, runId, step }: Place, options: PublishOptions): Promise<SliceHandle> {
  // nothing of this step is staged any more: what earlier attempts left goes too
  if (runId !== null && step !== null && !options.rollback) await store.remove(stagingOfStep(staged.uri, runId, step), { recursive: true });
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

const fenced = (staged: Staged, path: string, generation: number, newest: number, present: GenerationNote | null): HeddleError =>
  new HeddleError('HDL-FENCED', {
    what: `${staged.dataset} ${path} was published as generation ${newest} ${present?.runId ? `by run ${present.runId} ` : ''}while this attempt held generation ${generation}.`,
    where: partitionUri(staged.uri, path),
    why: 'The newer one stays in place; nothing of this attempt was published.',
  });
