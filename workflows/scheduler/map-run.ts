/**
 * Maps in the scheduler core: items of an array run inline, item by item, `parallel` at a time, and feed the maps fused
 * behind them without a barrier; pages of an item list go to chunks. Pure, runs in the sandbox. Long because
 * both kinds share how failures are counted, how a map ends, and what its followers are told.
 */
import type { Json, MapNode } from '../../dsl/plan/types.ts';
import { MAX_ARRAY_ITEMS, type ItemListHandle, type StepFailure } from '../../dsl/contract/step.ts';
import { evaluate, noFindings } from './evaluate.ts';
import { freeRefsOf } from './free-refs.ts';
import type { MapItems, SchedulerEvent, Settled } from './messages.ts';
import type { ListRun, MapRun, NodeRun, Scope } from './node-run.ts';
import { weightOf } from './plan-weight.ts';
import type { Scheduler } from './scheduler.ts';

/** Chunk children of one map at once, and items in flight in each of them at full width. */
const CHUNKS_AT_ONCE = 4;
const ITEMS_PER_CHUNK_AT_ONCE = 25;

type ChunkResults = Extract<SchedulerEvent, { type: 'chunk-done' }>['results'];

export class MapRuns {
  private readonly core: Scheduler;
  private readonly indexOffset: number;
  /** Maps that can start another item or page. */
  private active = new Set<NodeRun>();
  /** Followers that began before the map that feeds them. */
  private early = new Map<NodeRun, NodeRun[]>();
  private chunks = new Map<string, { run: NodeRun; page: number }>();
  private joins = new Map<string, { head: NodeRun; at: number }>();

  constructor(core: Scheduler, indexOffset: number) {
    this.core = core;
    this.indexOffset = indexOffset;
  }

  isOpenChunk(step: string): boolean {
    return this.chunks.has(step);
  }
  isOpenJoin(step: string): boolean {
    return this.joins.has(step);
  }
  stopAll(): void {
    this.active.clear();
  }
  clear(): void {
    this.active = new Set();
    this.early = new Map();
    this.chunks = new Map();
    this.joins = new Map();
  }

  begin(run: NodeRun): void {
    const node = run.node as MapNode;
    if (run.map) return; // began as part of the chain of the map before it
    if (node.items === 'array' && node.fuse !== undefined) return this.beginFused(run, node.fuse);
    const values = this.core.evaluateFor(run, node.over);
    if (!values) return;
    const over = values[0] as Json;
    if (node.items === 'list') return this.beginList(run, over);
    if (!Array.isArray(over)) return this.core.fail(run, { class: 'data', code: 'HDL-MAP-INPUT', message: 'map runs over a list, and this is none' });
    if (over.length > MAX_ARRAY_ITEMS)
      return this.core.fail(run, {
        class: 'data',
        code: 'HDL-MAP-TOO-LARGE',
        message: `map over an array takes at most ${MAX_ARRAY_ITEMS} items, and this has ${over.length}: write it with ctx.items`,
      });
    run.map = newMap(node, over.length);
    run.map.items = over as Json[];
    for (let i = 0; i < over.length; i++) run.map.startable.push(i);
    this.started(run);
  }

  /** A map whose result was known from before: what its followers need of it. */
  seeded(node: MapNode, settled: Settled): MapRun | null {
    if (settled.status !== 'done' || !Array.isArray(settled.output)) return null;
    const map = newMap(node, settled.output.length);
    const gaps = settled.items && new Set(settled.items.gaps);
    map.results = (settled.output as Json[]).map((output, i) =>
      // Without `items` an older interpreter carried it: a null may be any.
      (gaps ? gaps.has(i) : output === null && node.tolerate) ? { status: 'skipped' } : { status: 'done', output },
    );
    if (settled.items) {
      map.failed = settled.items.failed;
      if (settled.items.first) map.causes.push({ step: node.id, failure: settled.items.first });
    }
    return map;
  }
  /** With what `seeded` needs to know of it. */
  withItems(map: MapRun, settled: Exclude<Settled, { status: 'skipped' }>): Exclude<Settled, { status: 'skipped' }> {
    if (map.node.items === 'list') return settled;
    const gaps: number[] = [];
    if (settled.status === 'done')
      map.results.forEach((result, i) => {
        if (result?.status !== 'done') gaps.push(i);
      });
    if (settled.status === 'done' && gaps.length === 0 && !map.node.tolerate) return settled;
    const items: MapItems = { gaps, failed: map.failed, first: map.causes[0]?.failure ?? null };
    return { ...settled, items };
  }

  // ---- arrays ----

  private started(run: NodeRun): void {
    const map = run.map as MapRun;
    this.core.setStatus(run.state, 'running');
    if (map.count !== null) this.core.expectMore((map.count - 1) * weightOf(map.node.body));
    if (map.startable.length > 0) this.active.add(run);
    for (const follower of this.early.get(run) ?? []) this.follow(follower, map);
    this.early.delete(run);
    const going = this.core.underwayIn(run.state.step);
    if (going.length > 0) {
      const first = map.startable.filter((index) => this.isUnderway(run, index, going));
      map.startable = [...first, ...map.startable.filter((index) => !first.includes(index))];
      map.taken = first.length;
      for (const index of first) this.startItem(run, map, index);
    }
    this.finishIfOver(run);
  }

  /** Something of the item runs already, from before a continue-as-new. */
  private isUnderway(run: NodeRun, index: number, going: readonly string[]): boolean {
    const item = `${run.state.step}[${this.keyOf(run, run.map as MapRun, index)}]`;
    return going.some((step) => step.startsWith(item));
  }

  private beginFused(run: NodeRun, producerId: string): void {
    const index = run.scope.indexOf.get(producerId);
    const producer = index === undefined ? undefined : run.scope.runs[index];
    if (!producer)
      return this.core.fail(run, { class: 'user', code: 'HDL-MAP-INPUT', message: `the plan fuses it with ${producerId}, which is not beside it` });
    if (producer.map) return this.follow(run, producer.map);
    if (producer.settled) return this.producerEnded(run, producer);
    const waiting = this.early.get(producer);
    if (waiting) waiting.push(run);
    else this.early.set(producer, [run]);
  }

  /** The map before ended without ever having items. */
  private producerEnded(run: NodeRun, producer: NodeRun): void {
    if (run.settled) return;
    if (producer.settled?.status === 'failed') this.core.block(run, producer.state.step);
    else this.core.settle(run, { status: 'skipped' });
  }

  private follow(run: NodeRun, producer: MapRun): void {
    const map = newMap(run.node as MapNode, producer.count);
    map.items = Array.from({ length: producer.count ?? 0 }, (): Json => null);
    run.map = map;
    producer.followers.push(run);
    this.started(run);
    producer.results.forEach((result, i) => {
      if (result) this.feed(run, i, result);
    });
    this.finishIfOver(run);
  }

  /** Item i of the map before has settled. */
  private feed(run: NodeRun, index: number, result: Settled): void {
    const map = run.map as MapRun;
    if (run.settled || map.results[index]) return;
    if (result.status === 'done') {
      map.items[index] = result.output;
      const going = this.core.underwayIn(run.state.step);
      if (going.length > 0 && this.isUnderway(run, index, going)) {
        map.startable.splice(map.taken++, 0, index);
        return this.startItem(run, map, index);
      }
      map.startable.push(index);
      this.active.add(run);
      return;
    }
    this.itemEnded(run, index, { status: 'skipped' });
  }

  /** Called when a node with a map settled: who follows it and cannot go on ends too. */
  producerSettled(producer: NodeRun): void {
    if (producer.settled?.status !== 'failed') return;
    for (const follower of (producer.map as MapRun).followers) {
      const map = follower.map as MapRun;
      map.stopping = true;
      map.startable.length = map.taken;
      if (map.running === 0 && !follower.settled) this.core.block(follower, producer.state.step);
    }
  }

  /** Starts one more item or page of some map; false when there is none or no room. */
  startMore(): boolean {
    for (const run of this.active) {
      const map = run.map as MapRun;
      if (run.settled || map.stopping) this.active.delete(run);
      else if (map.list) {
        if (this.startPage(run, map.list)) return true;
        this.active.delete(run);
      } else if (map.taken >= map.startable.length || map.running >= map.node.parallel) this.active.delete(run);
      else {
        this.startItem(run, map, map.startable[map.taken++] as number);
        return true;
      }
    }
    for (const [producer, waiting] of this.early)
      if (producer.settled) {
        this.early.delete(producer);
        for (const run of waiting) this.producerEnded(run, producer);
        return true;
      }
    return false;
  }

  private startItem(run: NodeRun, map: MapRun, index: number): void {
    const key = this.keyOf(run, map, index);
    if (map.node.key !== undefined) {
      if (map.keys.has(key))
        return this.itemEnded(run, index, { status: 'failed', failure: { class: 'data', code: 'HDL-MAP-KEY', message: `two items have the key ${key}` } });
      map.keys.add(key);
    }
    map.running++;
    this.core.openScope(map.node.body, run.scope, run, `${run.state.step}[${key}].`, this.localsOf(run, map, index), index);
  }
  private localsOf(run: NodeRun, map: MapRun, index: number): Readonly<Record<string, Json>> {
    const { depth } = map.node;
    return { [`$item${depth}`]: map.items[index] as Json, [`$index${depth}`]: index + (run.scope.owner === null ? this.indexOffset : 0) };
  }
  /** Name of an item in step paths. */
  private keyOf(run: NodeRun, map: MapRun, index: number): string {
    const byIndex = String(index + (run.scope.owner === null ? this.indexOffset : 0));
    if (map.node.key === undefined) return byIndex;
    const shell: Scope = { ...run.scope, parent: run.scope, owner: run, locals: this.localsOf(run, map, index), indexOf: new Map(), runs: [] };
    const value = evaluate(map.node.key, this.core.lookup(shell), noFindings());
    return typeof value === 'symbol' ? byIndex : typeof value === 'string' ? value : JSON.stringify(value);
  }

  itemSettled(run: NodeRun, scope: Scope, result: Settled): void {
    const map = run.map as MapRun;
    map.running--;
    if (result.status === 'failed') for (const cause of this.core.causesOf(scope)) if (map.causes.length < 100) map.causes.push(cause);
    this.itemEnded(run, scope.position, result);
  }

  private itemEnded(run: NodeRun, index: number, result: Settled): void {
    const map = run.map as MapRun;
    map.results[index] = result;
    map.settledItems++;
    if (result.status === 'failed') {
      map.failed++;
      if (map.causes.length === 0) map.causes.push({ step: `${run.state.step}[${index}]`, failure: result.failure });
      if (map.failed > allowed(map)) map.stopping = true;
    }
    // A map that fails takes its followers with it, in whatever order the items ended.
    if (!map.stopping) for (const follower of map.followers) this.feed(follower, index, result);
    if (!map.stopping && map.taken < map.startable.length) this.active.add(run);
    this.finishIfOver(run);
  }

  private finishIfOver(run: NodeRun): void {
    const map = run.map as MapRun;
    if (run.settled || map.list || map.running > 0) return;
    if (map.stopping && map.failed <= allowed(map)) {
      const producer = run.scope.runs[run.scope.indexOf.get(map.node.fuse ?? '') ?? -1];
      return this.core.block(run, producer?.state.step ?? 'the map before it');
    }
    if (map.stopping) return this.failMap(run, map.failed, map.count ?? 0, map.causes[0]?.failure ?? null);
    if (map.settledItems < (map.count ?? Infinity)) return;
    const output: Json[] = [];
    for (let i = 0; i < (map.count ?? 0); i++) {
      const result = map.results[i];
      output.push(result?.status === 'done' ? result.output : null);
    }
    this.core.settle(run, { status: 'done', output });
  }

  private failMap(run: NodeRun, failed: number, count: number, first: StepFailure | null): void {
    const map = run.map as MapRun;
    const failure: StepFailure = {
      class: first?.class ?? 'user',
      code: 'HDL-MAP-FAILED',
      message: `${failed} of ${count} items failed, ${allowed(map)} are tolerated; the first: ${first?.message ?? 'unknown'}`,
    };
    run.causes = map.causes.length > 0 ? map.causes : [{ step: run.state.step, failure }];
    this.core.settle(run, { status: 'failed', failure });
  }

  // ---- item lists ----

  private beginList(run: NodeRun, over: Json): void {
    if (over === null || typeof over !== 'object' || (over as { kind?: Json })['kind'] !== 'items')
      return this.core.fail(run, { class: 'data', code: 'HDL-MAP-INPUT', message: 'map runs over an item list, and this is none' });
    const handle = over as unknown as ItemListHandle;
    const chain = [run];
    for (let last = run; ;) {
      const next = run.scope.runs.find(
        (other) => other.node.kind === 'map' && other.node.items === 'list' && other.node.fuse === last.node.id && !other.settled,
      );
      if (!next) break;
      chain.push(next);
      last = next;
    }
    const pages = Math.ceil(handle.count / handle.pageSize);
    const list: ListRun = {
      handle,
      pages,
      nextPage: 0,
      started: new Set(),
      running: 0,
      chain,
      results: chain.map(() => []),
      failed: chain.map(() => 0),
      firstFailure: chain.map(() => null),
      joining: 0,
    };
    for (const member of chain) {
      member.map = newMap(member.node as MapNode, handle.count);
      this.core.setStatus(member.state, 'running');
    }
    (run.map as MapRun).list = list;
    if (pages === 0) return this.joinAll(run, list);
    this.active.add(run);
    const going = this.core.underwayIn(run.state.step);
    if (going.length > 0)
      for (let page = 0; page < pages; page++)
        if (going.includes(pageStep(run, list, page))) {
          list.started.add(page);
          this.issuePage(run, list, page);
        }
  }

  private startPage(run: NodeRun, list: ListRun): boolean {
    while (list.started.has(list.nextPage)) list.nextPage++;
    if (list.nextPage >= list.pages || list.running >= widthOf(list).atOnce) return false;
    this.issuePage(run, list, list.nextPage++);
    return true;
  }
  private issuePage(run: NodeRun, list: ListRun, page: number): void {
    const { parallel, atOnce } = widthOf(list);
    list.running++;
    const first = page * list.handle.pageSize;
    const step = pageStep(run, list, page);
    const roots = new Set<string>();
    for (const member of list.chain) for (const root of freeRefsOf(member.node)) roots.add(root);
    for (const member of list.chain) roots.delete(member.node.id);
    const state = this.core.newState(step, 'chunk');
    this.chunks.set(step, { run, page });
    this.core.issueFor(state, {
      type: 'chunk',
      step,
      maps: list.chain.map((member) => member.node as MapNode),
      list: list.handle,
      page,
      firstIndex: first,
      parallel: Math.max(1, Math.ceil(parallel / atOnce)),
      roots: this.core.capture(run.scope, roots),
    });
  }

  chunkDone(step: string, results: ChunkResults): void {
    const { run, page } = this.chunks.get(step) as { run: NodeRun; page: number };
    this.chunks.delete(step);
    const list = (run.map as MapRun).list as ListRun;
    list.running--;
    results.forEach((result, i) => {
      const member = list.chain[i] as NodeRun;
      const map = member.map as MapRun;
      (list.results[i] as ListRun['results'][number])[page] = { uri: result.uri, count: result.count };
      list.failed[i] = (list.failed[i] ?? 0) + result.failed;
      list.firstFailure[i] ??= result.firstFailure;
      if ((list.failed[i] as number) > allowed(map)) (run.map as MapRun).stopping = map.stopping = true;
    });
    this.goOn(run, list);
  }

  /** A chunk that failed as a whole, was cancelled, or a join that ended. */
  chunkOrJoinEnded(event: SchedulerEvent): void {
    if (!('step' in event)) return;
    const join = this.joins.get(event.step);
    if (join) {
      this.joins.delete(event.step);
      const member = ((join.head.map as MapRun).list as ListRun).chain[join.at] as NodeRun;
      if (event.type === 'done') this.core.settle(member, { status: 'done', output: event.output });
      else if (event.type === 'failed') this.endFailed(member, event.failure);
      else if (this.core.stopping) this.core.setStatus(member.state, 'cancelled');
      else this.endFailed(member, { class: 'platform', code: 'HDL-STEP-CANCELLED', message: 'the join of its pages was cancelled from outside' });
      return;
    }
    const { run, page } = this.chunks.get(event.step) as { run: NodeRun; page: number };
    this.chunks.delete(event.step);
    const list = (run.map as MapRun).list as ListRun;
    list.running--;
    const state = this.core.step(event.step);
    if (event.type === 'cancelled' && this.core.stopping) {
      if (state) this.core.setStatus(state, 'cancelled');
      return;
    }
    const failure: StepFailure =
      event.type === 'failed' ? event.failure : { class: 'platform', code: 'HDL-STEP-CANCELLED', message: 'the chunk ended without a result' };
    if (state) {
      state.failure = failure;
      this.core.setStatus(state, 'failed');
    }
    list.firstFailure[0] ??= failure;
    // None of its items has a result: whatever the map bears, it cannot go on.
    list.failed[0] = (list.failed[0] ?? 0) + Math.min(list.handle.pageSize, list.handle.count - page * list.handle.pageSize);
    (run.map as MapRun).causes.push({ step: event.step, failure });
    (run.map as MapRun).stopping = true;
    this.goOn(run, list);
  }

  private goOn(run: NodeRun, list: ListRun): void {
    if (this.core.stopping || this.core.isAlwaysOver) return;
    const head = run.map as MapRun;
    while (list.started.has(list.nextPage)) list.nextPage++;
    if (!head.stopping && list.nextPage < list.pages) {
      this.active.add(run);
      return;
    }
    if (list.running > 0) return;
    if (!head.stopping) return this.joinAll(run, list);
    const guilty = list.chain.findIndex((member, i) => (list.failed[i] as number) > allowed(member.map as MapRun));
    list.chain.forEach((member, i) => {
      if (i === Math.max(guilty, 0)) this.failMap(member, list.failed[i] as number, list.handle.count, list.firstFailure[i] ?? null);
      else if (i > guilty) this.core.block(member, (list.chain[Math.max(guilty, 0)] as NodeRun).state.step);
      else this.join(run, list, i);
    });
  }

  private joinAll(run: NodeRun, list: ListRun): void {
    list.chain.forEach((_, i) => {
      this.join(run, list, i);
    });
  }
  private join(run: NodeRun, list: ListRun, at: number): void {
    const member = list.chain[at] as NodeRun;
    const step = `${member.state.step}[join]`;
    this.joins.set(step, { head: run, at });
    const pages = (list.results[at] as ListRun['results'][number]).filter((page) => page !== undefined);
    const firstTask = (member.node as MapNode).body.nodes.find((node) => node.kind === 'task');
    this.core.issueFor(null, { type: 'join', step, task: firstTask?.kind === 'task' ? firstTask.task : null, pages });
  }
  private endFailed(run: NodeRun, failure: StepFailure): void {
    run.causes = [{ step: run.state.step, failure }];
    this.core.settle(run, { status: 'failed', failure });
  }
}

function pageStep(run: NodeRun, { handle }: ListRun, page: number): string {
  const first = page * handle.pageSize;
  return `${run.state.step}[${first}..${Math.min(first + handle.pageSize, handle.count) - 1}]`;
}
/** Items in flight in all, and pages at once. */
function widthOf(list: ListRun): { readonly parallel: number; readonly atOnce: number } {
  const parallel = Math.min(...list.chain.map((member) => (member.node as MapNode).parallel));
  return { parallel, atOnce: Math.min(CHUNKS_AT_ONCE, Math.ceil(parallel / ITEMS_PER_CHUNK_AT_ONCE)) };
}

function newMap(node: MapNode, count: number | null): MapRun {
  return {
    node,
    items: [],
    count,
    results: Array.from({ length: count ?? 0 }, (): Settled | undefined => undefined),
    keys: new Set(),
    startable: [],
    taken: 0,
    running: 0,
    settledItems: 0,
    failed: 0,
    causes: [],
    stopping: false,
    followers: [],
    list: null,
  };
}

/** Failures that the map bears, of all its items. */
function allowed(map: MapRun): number {
  const tolerate = map.node.tolerate;
  if (!tolerate) return 0;
  return 'count' in tolerate ? tolerate.count : Math.floor(tolerate.share * (map.count ?? 0) + 1e-9);
}
