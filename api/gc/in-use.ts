/** What must stay because a run that is not over, a model or a kept result may ask for it. Server only. */
import { heldByRuns, modelUris } from '../../catalog/in-use.ts';
import type { Json } from '../../dsl/plan/types.ts';
import type { PinnedPartition, SliceHandle } from '../../dsl/contract/step.ts';
import { partitionsOf } from '../../storage/datasets/slice-partitions.ts';
import type { ServerParts } from '../server-parts.ts';

export interface InUse {
  readonly liveRuns: ReadonlySet<string>;
  /** Whether such a run reads or published this state of a partition. */
  holds(root: string, path: string, manifest: string | null): boolean;
  /** Whether anything that stays names a file of this run: '.../steps/<runId>/...'. */
  namesRun(runId: string): boolean;
  /** Whether such a run names this file. */
  names(uri: string): boolean;
}

const RUN_FOLDER = /\/(?:steps|values)\/([^/"]+)\//g;

export async function inUse(parts: ServerParts): Promise<InUse> {
  const { runIds, texts, published } = await heldByRuns(parts.catalog.db, parts.config.project);
  const held = new Set(published.map(({ uri, path, manifest }) => keyOf(uri, path, manifest)));
  for (const text of texts)
    for (const slice of slicesIn(JSON.parse(text) as Json))
      for (const { path, manifest } of await listed(parts, slice)) held.add(keyOf(slice.uri, path, manifest));
  const named = new Set<string>();
  for (const text of [...texts, ...(await modelUris(parts.catalog.db)), ...(await keptResults(parts))])
    for (const [, runId] of `${text}/`.matchAll(RUN_FOLDER)) named.add(runId ?? '');
  return {
    liveRuns: runIds,
    holds: (root, path, manifest) => manifest !== null && held.has(keyOf(root, path, manifest)),
    namesRun: (runId) => runIds.has(runId) || named.has(runId),
    names: (uri) => texts.some((text) => text.includes(uri)),
  };
}

const keyOf = (root: string, path: string, manifest: string): string => `${root}\n${path}\n${manifest}`;

/** Slice handles anywhere in a value. */
function* slicesIn(value: Json): Generator<SliceHandle> {
  if (value === null || typeof value !== 'object') return;
  const object = value as { readonly kind?: Json; readonly partitions?: Json };
  if (object.kind === 'slice' && object.partitions !== undefined) yield value as unknown as SliceHandle; // by its mark
  for (const inner of Object.values(value) as Json[]) yield* slicesIn(inner);
}

/** A list that cannot be read holds nothing that a run could read. */
async function listed(parts: ServerParts, slice: SliceHandle): Promise<readonly PinnedPartition[]> {
  try {
    return await partitionsOf(parts.store, slice);
  } catch (error) {
    parts.log.warn({ slice: slice.digest, error: String(error) }, 'the partitions of a slice cannot be listed');
    return [];
  }
}

/** Outputs that tasks with `cache` kept: a hit hands out files of the run that made them. */
async function keptResults({ store }: ServerParts): Promise<string[]> {
  const found: string[] = [];
  for (const task of await store.list('store://results'))
    for (const { uri, folder } of await store.list(task.uri)) if (!folder) found.push(Buffer.from(await store.read(uri)).toString('utf8'));
  return found;
}
