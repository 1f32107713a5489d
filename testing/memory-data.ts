/**
 * Data of a pipeline under test, in memory: partitions by dataset and key, item lists, artifacts, checkpoints. A stand-in
 * for the store, for unit tests only.
 */
import type { DatasetDef, Json, JsonObject, Plan } from '../dsl/plan/types.ts';
import type { PinRequest } from '../dsl/contract/control.ts';
import type { ItemListHandle, SliceHandle } from '../dsl/contract/step.ts';
import { canonicalJson } from '../dsl/plan/canonical-json.ts';
import { keySetOf } from '../calendar/keys-of.ts';
import { parseKey, type Key } from '../calendar/partition-scope.ts';
import type { PinValue } from '../workflows/scheduler/messages.ts';

/** Dataset name -> partition key ('2001-03-01', products joined by '|') -> rows. */
export type TestData = Readonly<Record<string, Readonly<Record<string, readonly object[]>>>>;

/** A partition that a task has written, and that stands in the dataset once its step has ended well. */
export interface Published {
  readonly dataset: string;
  readonly key: JsonObject;
  readonly rows: readonly object[];
}

export class MemoryData {
  private readonly partitions = new Map<string, readonly object[]>();
  private readonly lists = new Map<string, readonly Json[]>();
  readonly files = new Map<string, Uint8Array>();
  readonly checkpoints = new Map<string, string>();
  readonly models = new Map<
    string,
    { readonly name: string; readonly version: string; readonly uri: string; readonly digest: string; readonly kind: 'model' }
  >();

  constructor(data: TestData) {
    for (const [dataset, byKey] of Object.entries(data)) for (const [key, rows] of Object.entries(byKey)) this.partitions.set(`${dataset}@${key}`, rows);
  }

  pin(plan: Plan, request: PinRequest): PinValue {
    if (request.kind === 'model') {
      const found = this.models.get(request.name);
      return found ?? (request.optional ? null : { missing: `model ${request.name}` });
    }
    const dataset = plan.contracts.datasets[request.dataset];
    if (!dataset) return { missing: `dataset ${request.dataset}` };
    const set = keySetOf(dataset.partitions, request.how, request.key as Readonly<Record<string, string>>, request.span ?? null);
    const keys = set.open.length === 0 ? set.keys : this.present(dataset, set.keys);
    if (keys.length === 0 && !request.ifAny && this.hasAny(request.dataset)) return { missing: `${request.dataset}: the slice holds no partition` };
    const pinned = [];
    for (const key of keys) {
      const name = Object.values(key).join('|');
      const rows = this.partitions.get(`${request.dataset}@${name}`);
      // A test that gives no data at all is about the wiring: its slices are empty, not missing.
      if (!rows && request.ifAny) continue;
      if (!rows && this.hasAny(request.dataset)) return { missing: `${request.dataset} ${name}` };
      pinned.push({ path: name, generation: 1, manifest: name, rows: rows?.length ?? 0, bytes: 0 });
    }
    if (request.ifAny && pinned.length === 0) return null;
    const slice: SliceHandle = {
      kind: 'slice',
      dataset: request.dataset,
      uri: `memory://${request.dataset}`,
      digest: canonicalJson(request as unknown as Json),
      rows: pinned.reduce((sum, one) => sum + one.rows, 0),
      bytes: 0,
      partitions: pinned,
    };
    return slice;
  }
  /** Those that agree with one of the keys, in dimensions that it names. */
  private present({ name, partitions }: DatasetDef, keys: readonly Key[]): Key[] {
    const all = [...this.partitionsOf(name).keys()].toSorted().map((text) => parseKey(partitions, text));
    return keys.flatMap((key) => all.filter((one) => Object.entries(key).every(([dimension, value]) => one[dimension] === value)));
  }
  private hasAny(dataset: string): boolean {
    for (const key of this.partitions.keys()) if (key.startsWith(`${dataset}@`)) return true;
    return false;
  }

  rowsOf(slice: SliceHandle): readonly object[] {
    const partitions = slice.partitions as readonly { readonly path: string }[];
    return partitions.flatMap(({ path }) => this.partitions.get(`${slice.dataset}@${path}`) ?? []);
  }
  /** What a written partition is handed on as. It is not there before `publish`. */
  staged({ dataset, key, rows }: Published): SliceHandle {
    const name = nameOf(key);
    return {
      kind: 'slice',
      dataset,
      uri: `memory://${dataset}`,
      digest: name,
      rows: rows.length,
      bytes: 0,
      partitions: [{ path: name, generation: 1, manifest: name, rows: rows.length, bytes: 0 }],
    };
  }
  publish({ dataset, key, rows }: Published): void {
    this.partitions.set(`${dataset}@${nameOf(key)}`, rows);
  }
  isInPlace({ dataset, key, rows }: Published): boolean {
    return this.partitions.get(`${dataset}@${nameOf(key)}`) === rows;
  }
  /** The dataset's partitions by name, '2001-03-01|eu'. */
  partitionsOf(dataset: string): ReadonlyMap<string, readonly object[]> {
    const prefix = `${dataset}@`;
    return new Map([...this.partitions].flatMap(([name, rows]) => (name.startsWith(prefix) ? [[name.slice(prefix.length), rows] as const] : [])));
  }
  /** By which two slices are the same data: names and rows of their partitions. */
  contentOf(slice: SliceHandle): string {
    const partitions = slice.partitions as readonly { readonly path: string }[];
    const all = partitions.map(({ path }) => [path, this.partitions.get(`${slice.dataset}@${path}`) ?? []]);
    return JSON.stringify(all, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value));
  }

  writeItems(items: readonly Json[]): ItemListHandle {
    const uri = `memory://items/${this.lists.size}`;
    this.lists.set(uri, items);
    return { kind: 'items', uri, count: items.length, pageSize: 500, digest: uri };
  }
  readItems(list: { readonly uri: string }): readonly Json[] {
    const items = this.lists.get(list.uri);
    if (!items) throw new Error(`there is no item list ${list.uri} in this test`);
    return items;
  }
}

const nameOf = (key: JsonObject): string => Object.values(key).map(String).join('|');
