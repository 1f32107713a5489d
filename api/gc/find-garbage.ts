/** What nobody needs any more, with the reason. Looks only; collect-garbage.ts removes. Server only. */
import { decodeTime } from 'ulid';
import { partitionScope } from '../../calendar/partition-scope.ts';
import { isGrain } from '../../calendar/time-grain.ts';
import { endedBefore } from '../../catalog/in-use.ts';
import { datasetNamed, datasetNames } from '../../catalog/plans.ts';
import type { DatasetDef } from '../../dsl/plan/types.ts';
import { historyOf, stagingOf, trashOf } from '../../storage/datasets/layout.ts';
import { listPartitions, type PublishedPartition } from '../../storage/datasets/list-partitions.ts';
import { oldGenerations, pathsWithHistory } from '../../storage/datasets/old-generations.ts';
import { readManifest } from '../../storage/datasets/manifest.ts';
import { partitionPath, partitionUri } from '../../storage/datasets/partition-path.ts';
import { sizeOf } from '../../storage/size-of.ts';
import { nameOfUri } from '../../storage/uri.ts';
import type { ServerParts } from '../server-parts.ts';
import type { InUse } from './in-use.ts';

export interface Garbage {
  readonly kind: 'staging' | 'generation' | 'partition' | 'trash' | 'values' | 'files' | 'list';
  readonly uri: string;
  readonly files: number;
  readonly bytes: number;
  readonly why: string;
  /** Of a generation or a partition: where it belongs, for the last look before it goes. */
  readonly at?: { readonly root: string; readonly path: string; readonly generation: number; readonly manifest: string | null };
}
/** How long things are kept. */
export interface Retention {
  /** Old generations of a partition: so many at least, and each for so long at least. */
  readonly generations: { readonly keep: number; readonly ms: number };
  /** Files and values of runs that are over. */
  readonly runsMs: number;
  readonly logsMs: number;
}

const DAY_MS = 86_400_000;
const days = (ms: number): string => `${Number((ms / DAY_MS).toPrecision(3))} days`;

export interface Found {
  readonly items: readonly Garbage[];
  /** Datasets that could not be looked through, and partitions that are damaged, and why. */
  readonly failed: readonly { readonly uri: string; readonly why: string }[];
}

export async function findGarbage(parts: ServerParts, used: InUse, retention: Retention, now: number): Promise<Found> {
  const items: Garbage[] = [];
  const failed: Found['failed'][number][] = [];
  for (const name of await datasetNames(parts.catalog.db, parts.config.project)) {
    const dataset = await datasetNamed(parts.catalog.db, parts.config.project, name);
    if (!dataset) continue;
    const root = parts.store.resolve(dataset.uri);
    try {
      for await (const one of ofDataset(parts, dataset, root, used, retention, now)) {
        if ('kind' in one) items.push(one);
        else failed.push(one);
      }
    } catch (error) {
      failed.push({ uri: root, why: error instanceof Error ? error.message : String(error) });
    }
  }
  for await (const one of ofRuns(parts, used, retention, now)) items.push(one);
  return { items, failed };
}

async function* ofDataset(
  { store, catalog }: ServerParts,
  dataset: DatasetDef,
  root: string,
  used: InUse,
  { generations }: Retention,
  now: number,
): AsyncGenerator<Garbage | Found['failed'][number]> {
  const stagings = (await store.list(stagingOf(root))).filter(({ folder }) => folder);
  const over = await endedBefore(
    catalog.db,
    stagings.map(({ uri }) => nameOfUri(uri)),
    now,
  );
  for (const { uri } of stagings) {
    const runId = nameOfUri(uri);
    if (used.liveRuns.has(runId) || !over.has(runId)) continue;
    yield { kind: 'staging', uri, ...(await sizeOf(store, uri)), why: `run ${runId} is over and published nothing of it` };
  }
  for (const { uri } of await store.list(trashOf(root))) {
    const found = await readManifest(store, uri);
    const at = found && {
      root,
      path: partitionPath(dataset, found.manifest.key),
      generation: Number(/@(\d+)$/.exec(nameOfUri(uri))?.[1]),
      manifest: found.digest,
    };
    yield { kind: 'trash', uri, ...(await sizeOf(store, uri)), why: 'an earlier clean-up was about to delete it', ...(at && { at }) };
  }

  for (const path of await pathsWithHistory(store, root, Object.keys(dataset.partitions).length)) {
    const old = await oldGenerations(store, root, path, (await historyOf(store, root, path)).old);
    for (const { uri, generation, manifest, replacedAt } of old.slice(generations.keep)) {
      if (replacedAt === null || replacedAt > now - generations.ms || used.holds(root, path, manifest)) continue;
      const why = `replaced ${days(now - replacedAt)} ago, and ${generations.keep} newer old ones are kept`;
      yield { kind: 'generation', uri, ...(await sizeOf(store, uri)), why, at: { root, path, generation, manifest } };
    }
  }
  if (dataset.retainMs === undefined) return;
  const { partitions, damaged } = await listPartitions(store, dataset);
  // one that the dataset cannot have any more (its start was moved, a key was left out) is nobody's to remove
  for (const { path, code, why } of damaged) if (code === 'HDL-MANIFEST') yield { uri: partitionUri(root, path), why };
  for (const partition of partitions) {
    const end = endOf(dataset, partition);
    const { path, generation, digest: manifest } = partition;
    if (end === null || end + dataset.retainMs > now || used.holds(root, path, manifest)) continue;
    const uri = partitionUri(root, path);
    const why = `it ended ${days(now - end)} ago, and ${dataset.name} keeps ${days(dataset.retainMs)}`;
    yield { kind: 'partition', uri, ...(await sizeOf(store, uri)), why, at: { root, path, generation, manifest } };
  }
}

/** By its key; for a dataset without time by when it was published. */
function endOf(dataset: DatasetDef, { key, publishedAt }: PublishedPartition): number | null {
  if (!Object.values(dataset.partitions).some(({ kind }) => isGrain(kind))) return publishedAt;
  return Date.parse(String(partitionScope(dataset.partitions, key, 0)['end']));
}

/** Files that steps left, stored values, and lists of slices. A run that the catalog does not know is left alone. */
async function* ofRuns({ store, catalog }: ServerParts, used: InUse, { runsMs }: Retention, now: number): AsyncGenerator<Garbage> {
  for (const [folder, kind] of [
    ['steps', 'files'],
    ['values', 'values'],
  ] as const) {
    const old = (await store.list(`store://${folder}`)).filter(({ uri }) => beganBefore(nameOfUri(uri), now - runsMs));
    const over = await endedBefore(
      catalog.db,
      old.map(({ uri }) => nameOfUri(uri)),
      now - runsMs,
    );
    for (const { uri } of old) {
      const runId = nameOfUri(uri);
      if (!over.has(runId) || used.namesRun(runId)) continue;
      yield { kind, uri, ...(await sizeOf(store, uri)), why: `run ${runId} ended more than ${days(runsMs)} ago, and nothing refers to its ${kind}` };
    }
  }
  for (const { uri, bytes, mtimeMs } of await store.list('store://slices')) {
    if (mtimeMs > now - runsMs || used.names(uri)) continue;
    yield { kind: 'list', uri, files: 1, bytes, why: `a list of partitions from ${days(now - mtimeMs)} ago, and no run that is not over reads by it` };
  }
}

function beganBefore(runId: string, before: number): boolean {
  try {
    return decodeTime(runId) < before;
  } catch {
    return false; // no run's folder
  }
}
