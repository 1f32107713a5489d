/**
 * Results of tasks with `cache`, for pipelines under test: by task version, input, partition and what is published, as workers
 * keep them in the store (activities/step/result-cache.ts). Kept for one run, or handed to several. Public: `heddle/testing`.
 */
import { handleOf } from '../activities/step/handles.ts';
import { canonicalJson } from '../dsl/plan/canonical-json.ts';
import type { Json } from '../dsl/plan/types.ts';
import type { MemoryData, Published } from './memory-data.ts';

interface Kept {
  /** Virtual time, ms. */
  readonly at: number;
  readonly output: Json;
  readonly published: readonly Published[];
  /** Where the files and lists lie that the output names. */
  readonly data: MemoryData;
}
/** What a task may see: `task` is 'name@version'. */
export interface ResultKey {
  readonly task: string;
  readonly input: Json;
  readonly into: Json;
  readonly partition: string | null;
}

export class TestResults {
  private readonly kept = new Map<string, Kept>();

  /** null when there is none that may be used: too old, or what it published or wrote is not there (any more). */
  find(key: ResultKey, forMs: number | null, now: number, data: MemoryData): { readonly output: Json } | null {
    const kept = this.kept.get(keyOf(key, data));
    if (!kept || (forMs !== null && now - kept.at > forMs)) return null;
    if (kept.data !== data && namesFiles(kept.output)) return null;
    if (kept.published.some((one) => !data.isInPlace(one))) return null;
    return { output: kept.output };
  }
  keep(key: ResultKey, kept: Kept): void {
    this.kept.set(keyOf(key, kept.data), kept);
  }
}

const keyOf = (key: ResultKey, data: MemoryData): string => canonicalJson({ ...key, input: identity(key.input, data) });

/** Handles stand for their content: the same rows under another digest are the same input. */
function identity(value: Json, data: MemoryData): Json {
  if (value === null || typeof value !== 'object') return value;
  const handle = handleOf(value);
  if (handle?.kind === 'slice') return { $slice: [handle.dataset, data.contentOf(handle)] };
  if (handle?.kind === 'model') return { $model: [handle.name, handle.version, handle.digest] };
  if (handle?.kind === 'items') return { $items: [...data.readItems(handle)] };
  if (Array.isArray(value)) return value.map((item: Json) => identity(item, data));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, identity(item as Json, data)]));
}

function namesFiles(value: Json): boolean {
  if (value === null || typeof value !== 'object') return false;
  const handle = handleOf(value);
  if (handle) return handle.kind === 'items' || handle.kind === undefined;
  return Object.values(value).some((item) => namesFiles(item as Json));
}
