/**
 * Decides for each cell of one pipeline whether it is to be run, and why. All that it needs is given: what is published, what
 * runs, what other pipelines of the same plan rebuild. Pure; the server loads the state (api/backfills).
 */
import { formatKey, type Key } from '../calendar/partition-scope.ts';
import type { DoReason, LeaveReason } from '../dsl/contract/backfill.ts';
import type { PartitionTable } from './partition-table.ts';
import type { PipelineFacts } from './pipeline-facts.ts';
import { viewOf, type EdgeView } from './edge-view.ts';

export interface World {
  /** By dataset name; one that is missing has nothing published. */
  readonly tables: ReadonlyMap<string, PartitionTable>;
  /** Task version -> code digest of the workers, for code drift. */
  readonly digests: ReadonlyMap<string, string>;
  /** What a publishing step read, where it was looked up: 'run/step' -> 'dataset key' -> manifest. */
  readonly reads: ReadonlyMap<string, ReadonlyMap<string, string>>;
}
/** What is known of the runs of one pipeline, by key. */
export interface RunsOf {
  readonly open: ReadonlyMap<string, string>;
  readonly owned: ReadonlyMap<string, string>;
  /** When the newest run of the key that is done began: for pipelines that publish nothing of their own partition. */
  readonly done: ReadonlyMap<string, number>;
  /** The last run of the key failed. */
  readonly failed: ReadonlyMap<string, { readonly runId: string; readonly failure: string | null; readonly at: number }>;
}
export interface Rules {
  readonly force: boolean;
  readonly codeDrift: boolean;
  readonly only: readonly ('failed' | 'missing' | 'stale')[] | null;
}
/** Dataset -> keys that are being rebuilt, with the pipeline that does it. */
export type Rebuilding = ReadonlyMap<string, { readonly pipeline: string; readonly keys: ReadonlySet<string> }>;

export interface Decision {
  readonly key: string;

  readonly do: DoReason | null;
  readonly leave: LeaveReason | null;
}
/** First instant after which a partition of the dataset is kept: null keeps all. */
export type KeptSince = (key: Key) => string | null;

const NO_RUNS: RunsOf = { open: new Map(), owned: new Map(), done: new Map(), failed: new Map() };

export class CellPlanner {
  private readonly facts: PipelineFacts;
  private readonly world: World;
  private readonly rules: Rules;
  private readonly edges: readonly EdgeView[];
  private readonly rebuilding: Rebuilding;
  private readonly runs: RunsOf;
  private readonly tooOld: KeptSince;

  constructor(given: {
    readonly facts: PipelineFacts;
    readonly world: World;
    readonly rules: Rules;
    readonly rebuilding?: Rebuilding;
    readonly runs?: RunsOf;
    readonly tooOld?: KeptSince;
    /** First and last of the keys that it will be asked for, if these are of one dimension: makes it many times faster. */
    readonly range?: { readonly first: string; readonly last: string } | null;
  }) {
    this.facts = given.facts;
    this.world = given.world;
    this.rules = given.rules;
    this.rebuilding = given.rebuilding ?? new Map();
    this.runs = given.runs ?? NO_RUNS;
    this.tooOld = given.tooOld ?? (() => null);
    this.edges = this.facts.edges.map((edge) => viewOf(edge, this.facts.dimensions, this.world.tables.get(edge.dataset.name), given.range ?? null));
  }

  decide(key: Key): Decision {
    const text = formatKey(this.facts.dimensions, key);
    const leave = (reason: LeaveReason): Decision => ({ key: text, do: null, leave: reason });
    const owner = this.runs.owned.get(text);
    if (owner !== undefined) return leave({ why: 'owned', backfill: owner });
    const running = this.runs.open.get(text);
    if (running !== undefined) return leave({ why: 'in-flight', runId: running });
    const reason = this.reasonFor(key, text);
    if (!reason) return leave({ why: 'good' });
    const since = this.tooOld(key);
    if (since !== null) return leave({ why: 'outside-retention', since });
    const absent = this.absent(key);
    if (absent) return leave(absent);
    if (!this.isSelected(reason)) return leave({ why: 'not-selected', because: reason.why });
    return { key: text, do: reason, leave: null };
  }

  /**
   * Who made the output, where what it read has to be looked up: an input was published after its first pin. Null: it need not.
   */
  lookUp(key: Key): string | null {
    for (const { dataset } of this.facts.outputs) {
      const table = this.world.tables.get(dataset.name);
      const row = table?.row(formatKey(dataset.partitions, key)) ?? -1;
      const madeBy = table?.madeBy[row] ?? null;
      if (!table || row < 0 || madeBy === null || this.world.reads.has(madeBy)) continue;
      const pinned = table.pinnedAt[row] ?? 0;
      for (const view of this.edges) {
        const inputs = this.world.tables.get(view.edge.dataset.name);
        view.look(key);
        for (let place = view.from; inputs && place < view.to; place++) if ((inputs.publishedAt[view.rowAt(place)] ?? 0) > pinned) return madeBy;
      }
    }
    return null;
  }

  /** Keys of the upstream partitions that a cell reads, by dataset. */
  *upstream(key: Key): Generator<{ readonly dataset: string; readonly key: string }> {
    for (const view of this.edges) {
      view.look(key);
      const { from, to } = view;
      for (let place = from; place < to; place++) yield { dataset: view.edge.dataset.name, key: view.keyAt(place) };
    }
  }

  private reasonFor(key: Key, text: string): DoReason | null {
    if (this.rules.force) return { why: 'forced' };
    const failed = this.runs.failed.get(text);
    let publishedAt = Infinity;
    let pinned = Infinity;
    let madeBy: string | null = null;
    let code: DoReason | null = null;
    for (const { dataset, task, version } of this.facts.outputs) {
      const table = this.world.tables.get(dataset.name);
      const row = table?.row(formatKey(dataset.partitions, key)) ?? -1;
      if (!table || row < 0) return failed ? { why: 'failed', runId: failed.runId, failure: failed.failure } : { why: 'missing' };
      const at = table.publishedAt[row] ?? 0;
      if (at < publishedAt) {
        publishedAt = at;
        madeBy = table.madeBy[row] ?? null;
      }
      pinned = Math.min(pinned, table.pinnedAt[row] ?? 0);
      code ??= this.codeReason(table, row, task, version);
    }
    if (this.facts.outputs.length === 0) {
      // nothing lies in the store to be judged by: its runs say what is done
      if (failed) return { why: 'failed', runId: failed.runId, failure: failed.failure };
      const since = this.runs.done.get(text);
      return since === undefined ? { why: 'missing' } : this.inputReason(key, { pinned: since, publishedAt: since, madeBy: null });
    }
    if (failed && failed.at > publishedAt) return { why: 'failed', runId: failed.runId, failure: failed.failure };
    if (code?.why === 'stale-code') return code;
    if (this.facts.outputs.every(({ dataset }) => dataset.late?.rule === 'ignore')) return code;
    return this.inputReason(key, { pinned, publishedAt, madeBy }) ?? code;
  }

  private codeReason(table: PartitionTable, row: number, task: string, version: string): DoReason | null {
    const by = table.producerOf(row);
    if (by.task === null || by.version === null) return null; // another system's: it has no version of ours
    if (by.task !== task) return { why: 'stale-code', task, from: `${by.task} ${by.version}`, to: version };
    if (by.version !== version) return { why: 'stale-code', task, from: by.version, to: version };
    const digest = this.rules.codeDrift ? this.world.digests.get(`${task}@${version}`) : undefined;
    return digest !== undefined && digest !== by.codeDigest ? { why: 'code-drift', task, from: by.codeDigest, to: digest } : null;
  }

  /**
   * An input published after the output was pinned is newer for certain if it came after the output itself; between the two
   * times what the step read decides, where it is known.
   */
  private inputReason(key: Key, own: { readonly pinned: number; readonly publishedAt: number; readonly madeBy: string | null }): DoReason | null {
    const read = own.madeBy === null ? undefined : this.world.reads.get(own.madeBy);
    let first: { readonly pipeline: string; readonly partition: string } | null = null;
    let rebuilt = 0;
    let stale: { readonly dataset: string; readonly partition: string; readonly from: string | null; readonly to: string } | null = null;
    let changed = 0;
    for (const view of this.edges) {
      const { dataset } = view.edge;
      const table = this.world.tables.get(dataset.name);
      const rebuilding = this.rebuilding.get(dataset.name);
      const isRebuilt = rebuilding !== undefined && rebuilding.keys.size > 0;
      view.look(key);
      for (let place = view.from; place < view.to; place++) {
        if (isRebuilt && rebuilding.keys.has(view.keyAt(place))) {
          first ??= { pipeline: rebuilding.pipeline, partition: view.keyAt(place) };
          rebuilt++;
        }
        const row = view.rowAt(place);
        if (!table || row < 0 || (table.publishedAt[row] ?? 0) <= own.pinned) continue;
        const to = table.digestAt(row);
        const from = read?.get(`${dataset.name} ${view.keyAt(place)}`) ?? null;
        if (read ? from === to : (table.publishedAt[row] ?? 0) <= own.publishedAt && own.pinned > 0) continue;
        stale ??= { dataset: dataset.name, partition: view.keyAt(place), from, to };
        changed++;
      }
    }
    if (stale) return { why: 'stale-input', ...stale, more: changed - 1 };
    return first && { why: 'upstream', ...first, more: rebuilt - 1 };
  }

  /** The first input that is neither there nor made by this plan. */
  private absent(key: Key): LeaveReason | null {
    let first: { readonly dataset: string; readonly partition: string } | null = null;
    let count = 0;
    for (const view of this.edges) {
      if (view.edge.ifAny) continue;
      const { name } = view.edge.dataset;
      const rebuilding = this.rebuilding.get(name);
      view.look(key);
      for (let place = view.from; place < view.to; place++) {
        if (view.rowAt(place) >= 0 || rebuilding?.keys.has(view.keyAt(place))) continue;
        first ??= { dataset: name, partition: view.keyAt(place) };
        count++;
      }
    }
    return first && { why: 'input-absent', ...first, more: count - 1 };
  }

  private isSelected(reason: DoReason): boolean {
    const { only } = this.rules;
    if (only === null || reason.why === 'forced') return true;
    if (reason.why === 'missing' || reason.why === 'failed') return only.includes(reason.why);
    return only.includes('stale');
  }
}
