/**
 * What an ended run read and made, from its record: what each step was given (meta.reads), the slices in its output that it
 * was not given, the versions it registered. A slice is a digest; its partitions are in the run's pins, parameters and
 * outputs. Server only.
 */
import type { LineageFact, Thing } from '../../catalog/lineage.ts';
import { versionsOfRun } from '../../catalog/models.ts';
import { pinsOfRun } from '../../catalog/pins.ts';
import type { RunRow } from '../../catalog/runs.ts';
import { listSteps } from '../../catalog/steps.ts';
import type { StepRecord } from '../../dsl/contract/run.ts';
import { isStored, type SliceHandle } from '../../dsl/contract/step.ts';
import { isHeddleError } from '../../dsl/errors/heddle-error.ts';
import type { Json, JsonObject } from '../../dsl/plan/types.ts';
import { partitionsOf } from '../../storage/datasets/slice-partitions.ts';
import type { Store } from '../../storage/store.ts';
import { loadInputs } from '../../storage/values.ts';
import type { ServerParts } from '../server-parts.ts';

export async function factsOfRecord(parts: Pick<ServerParts, 'catalog' | 'store'>, run: RunRow): Promise<LineageFact[]> {
  const { catalog, store } = parts;
  const slices = new Map<string, SliceHandle>();
  const facts: LineageFact[] = [];
  const given = handlesIn(run.params);
  for (const value of [...(await pinsOfRun(catalog.db, run.runId)), ...given.slices]) if (value.kind === 'slice') slices.set(value.digest, value);
  const add = (step: string, io: 'in' | 'out', thing: Thing, at: number): void => void facts.push({ runId: run.runId, step, io, ...thing, at });
  for (const model of given.things) add('', 'in', model, run.createdAt);
  for (const slice of given.slices) for (const thing of await partitionThings(store, slice)) add('', 'in', thing, run.createdAt);

  const steps = await allSteps(parts, run.runId);
  const outputs = new Map<StepRecord, ReturnType<typeof handlesIn>>();
  for (const step of steps) {
    const found = handlesIn(await loaded(store, step.output));
    outputs.set(step, found);
    for (const slice of found.slices) slices.set(slice.digest, slice);
  }
  for (const step of steps) {
    const at = step.endedAt ?? run.createdAt;
    const reads = step.meta?.reads ?? [];
    for (const read of reads) {
      if (read.kind !== 'slice') {
        add(step.step, 'in', { kind: read.kind, name: read.name, version: 'version' in read ? read.version : '', digest: read.digest }, at);
        continue;
      }
      const slice = slices.get(read.digest);
      if (slice) for (const thing of await partitionThings(store, slice)) add(step.step, 'in', thing, at);
      else add(step.step, 'in', { kind: 'slice', name: read.name, version: '', digest: read.digest }, at);
    }
    if (step.status !== 'done' || !step.meta) continue; // a branch, a map, a call hands on what a step made
    if (step.meta.cache?.hit) continue; // another run made it
    const known = new Set(reads.map(({ digest }) => digest));
    const made = outputs.get(step);
    for (const slice of made?.slices ?? []) {
      if (!known.has(slice.digest)) for (const thing of await partitionThings(store, slice)) add(step.step, 'out', thing, at);
    }
    for (const thing of made?.things ?? []) if (thing.kind === 'cache') add(step.step, 'out', thing, at);
  }
  for (const { name, version, digest, step, createdAt } of await versionsOfRun(catalog.db, run.runId))
    add(step, 'out', { kind: 'model', name, version, digest }, createdAt);
  return facts;
}

async function allSteps({ catalog }: Pick<ServerParts, 'catalog'>, runId: string): Promise<StepRecord[]> {
  const steps: StepRecord[] = [];
  for (let cursor: number | undefined = 0; cursor !== undefined;) {
    const page: Awaited<ReturnType<typeof listSteps>> = await listSteps(catalog.db, runId, { limit: 1_000, cursor });
    steps.push(...page.items);
    cursor = page.next === null ? undefined : Number(page.next);
  }
  return steps;
}

/** What is gone from the store says nothing. */
async function loaded(store: Store, output: Json): Promise<Json> {
  try {
    return await loadInputs(store, output);
  } catch (error) {
    if (isHeddleError(error)) return null;
    throw error;
  }
}

async function partitionThings(store: Store, slice: SliceHandle): Promise<Thing[]> {
  try {
    return (await partitionsOf(store, slice)).map(({ path, manifest }) => ({ kind: 'partition', name: slice.dataset, version: path, digest: manifest }));
  } catch (error) {
    if (!isHeddleError(error)) throw error;
    return [{ kind: 'slice', name: slice.dataset, version: '', digest: slice.digest }];
  }
}

/** Slices, and models and caches, anywhere in a value. */
function handlesIn(value: Json): { readonly slices: readonly SliceHandle[]; readonly things: readonly Thing[] } {
  const slices = new Map<string, SliceHandle>();
  const things = new Map<string, Thing>();
  const look = (part: Json): void => {
    if (typeof part !== 'object' || part === null || isStored(part)) return;
    if (Array.isArray(part)) {
      for (const item of part) look(item as Json);
      return;
    }
    const object = part as JsonObject; // an object and no array
    const { kind, name, version, digest } = object;
    if (kind === 'slice' && typeof object['dataset'] === 'string') slices.set(String(digest), object as unknown as SliceHandle); // made by pin or publish
    else if ((kind === 'model' || kind === 'cache') && typeof name === 'string' && typeof version === 'string')
      things.set(`${kind} ${name} ${version}`, { kind, name, version, digest: typeof digest === 'string' ? digest : '' });
    else for (const inner of Object.values(object)) look(inner);
  };
  look(value);
  return { slices: [...slices.values()], things: [...things.values()] };
}
