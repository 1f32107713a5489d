/**
 * The scheduler core: events in, commands out. Pure and synchronous, no clock, no Temporal: shared by the interpreter, the
 * testing kit and the simulator. Each node is looked at when something that it waits for settles, never in a scan: O(V+E)
 * over a run. Maps live in map-run.ts; this file is long because the settling of nodes is one circle.
 */
import { addRoots } from '../../dsl/plan/free-roots.ts';
import type { Block, Expr, Json, PlanNode, Skeleton, TaskRules } from '../../dsl/plan/types.ts';
import type { PinRequest } from '../../dsl/contract/control.ts';
import type { StepFailure } from '../../dsl/contract/step.ts';
import type { RunFinal, RunOutcome, StepStatus } from '../../dsl/contract/run.ts';
import { evaluate, noFindings, SKIPPED, sliceRequest, type Findings, type Lookup, type Value } from './evaluate.ts';
import { shapeOf, visitPins } from './free-refs.ts';
import { leafCommand } from './leaf-command.ts';
import { MapRuns } from './map-run.ts';
import type { Command, PinValue, Restarts, SchedulerCore, SchedulerEvent, SchedulerOptions, Settled, StepState } from './messages.ts';
import type { NodeRun, Scope } from './node-run.ts';
import { PinBoard } from './pin-board.ts';
import { weightOf } from './plan-weight.ts';
import { Queue } from './queue.ts';
import { StateTable } from './state-table.ts';

export const createScheduler = (options: SchedulerOptions): SchedulerCore => new Scheduler(options);

export class Scheduler implements SchedulerCore {
  private readonly options: SchedulerOptions;
  private skeleton: Skeleton;
  private readonly maxInFlight: number;
  private readonly maxPerTurn: number;
  private readonly maxBytes: number;
  private readonly states = new StateTable();
  private readonly board: PinBoard;
  private byStep = new Map<string, NodeRun>();
  /** Ready to be looked at; and ready to become a command that takes room. */
  private ready = new Queue<NodeRun>();
  private leaves = new Queue<NodeRun>();
  /** Leaves that were under way before: they take no new room. */
  private goingOn = new Queue<NodeRun>();
  private readonly underway: ReadonlySet<string>;
  private restartsBefore: Readonly<Record<string, Restarts>>;
  private readonly maps: MapRuns;
  private seed: ((step: string) => Settled | undefined) | undefined;
  private root: Scope | null = null;
  private alwaysScope: Scope | null = null;
  /** Whose expressions are looked at now. */
  private evaluating: NodeRun | null = null;
  /** Failed leaves that wait for a person (onFailure: 'pause'). */
  private held: NodeRun[] = [];
  private commands: Command[] = [];
  private bytes = 0;
  /** Commands that take room, and gates, waits and pins that do not. */
  private inFlight = 0;
  private idleOpen = 0;
  private byPerson = false;
  private cancelling = false;
  private alwaysOver = false;
  private planned = 0;
  private phase: 'body' | 'always' | 'over' = 'body';
  private bodyOutcome: RunOutcome | null = null;
  private result: Json = null;

  constructor(options: SchedulerOptions) {
    this.options = options;
    this.skeleton = options.skeleton;
    this.maxInFlight = options.maxInFlight ?? 100;
    this.maxPerTurn = options.maxPerTurn ?? 50;
    this.maxBytes = options.maxBytesPerTurn ?? 2 * 1024 * 1024;
    this.board = new PinBoard(options.pins ?? {});
    this.seed = options.seed;
    this.underway = options.underway ?? new Set();
    this.restartsBefore = options.restarts ?? {};
    this.maps = new MapRuns(this, options.indexOffset ?? 0);
  }

  /** The run is being cancelled: nothing of its body starts any more. */
  get stopping(): boolean {
    return this.cancelling && this.phase === 'body';
  }
  get isAlwaysOver(): boolean {
    return this.alwaysOver;
  }
  get finished(): boolean {
    return this.phase === 'over';
  }
  get openCommands(): number {
    return this.inFlight + this.idleOpen;
  }
  get busy(): number {
    return this.inFlight + this.board.open;
  }
  get expected(): number {
    return this.planned;
  }
  /** More items of a map than the plan shows. */
  expectMore(steps: number): void {
    this.planned += steps;
  }
  get restarts(): SchedulerCore['restarts'] {
    const out: { [step: string]: Restarts } = {};
    for (const [step, restarts] of Object.entries(this.restartsBefore)) if (!this.byStep.has(step)) out[step] = restarts;
    for (const [step, run] of this.byStep) if (run.restarts && !run.settled) out[step] = run.restarts;
    return out;
  }
  get pins(): Readonly<Record<string, PinValue>> {
    return this.board.memo;
  }
  get plan(): Skeleton {
    return this.skeleton;
  }
  get counts(): SchedulerCore['counts'] {
    return this.states.counts;
  }
  get status(): SchedulerCore['status'] {
    if (this.phase !== 'body') return this.bodyOutcome?.status ?? 'failed';
    return this.byPerson || this.held.length > 0 ? 'paused' : 'running';
  }
  get holding(): number {
    return this.held.length;
  }
  failedItems(step: string): { readonly failed: number; readonly first: StepFailure | null } {
    const run = this.byStep.get(step);
    if (run?.map) return { failed: run.map.failed, first: run.map.causes[0]?.failure ?? null };
    return run?.settled?.status === 'failed' && run.settled.items ? run.settled.items : { failed: 0, first: null };
  }
  steps(): Iterable<StepState> {
    return this.states.values();
  }
  step(path: string): StepState | undefined {
    return this.states.get(path);
  }
  settled(step: string): Settled | undefined {
    const run = this.byStep.get(step);
    const settled = run?.settled;
    if (!settled || settled.status === 'skipped') return settled ?? undefined;
    const whole = run.map ? this.maps.withItems(run.map, settled) : settled;
    return whole.status === 'failed' ? { ...whole, causes: run.causes } : whole;
  }

  start(): Command[] {
    this.pinWhatIsKnown();
    this.planned += weightOf(this.skeleton.body);
    this.root = this.openScope(this.skeleton.body, null, null, this.options.pathPrefix ?? '', null, 0);
    this.afterScopes();
    return this.pump();
  }

  turn(events: readonly SchedulerEvent[]): Command[] {
    for (const event of events) this.take(event);
    return this.pump();
  }

  resumeFailed(skeleton?: Skeleton): Command[] {
    this.byPerson = false;
    const held = this.held;
    this.held = [];
    if (skeleton) this.restartWith(skeleton);
    else
      for (const run of held) {
        run.restarts = null;
        run.askedPins = false;
        run.state.failure = null;
        this.setStatus(run.state, 'pending');
        this.ready.push(run);
      }
    this.board.forgetMissing();
    return this.pump();
  }

  get outcome(): RunOutcome {
    return this.bodyOutcome ?? { status: 'failed', failedStep: null, message: null, failures: [] };
  }
  get final(): Omit<RunFinal, 'endedAt' | 'abandoned'> {
    const failures = [...this.causesOf(this.root), ...this.causesOf(this.alwaysScope)];
    const body = this.outcome.status;
    if (this.alwaysOver && (this.alwaysScope?.open ?? 0) > 0 && !failures.some(({ failure }) => failure.code === ALWAYS_OVER.code))
      failures.push({ step: 'always', failure: ALWAYS_OVER });
    const status = body === 'done' && failures.length > 0 ? 'failed' : body;
    return { status, output: status === 'done' ? this.result : null, failures };
  }

  // ---- events ----

  private take(event: SchedulerEvent): void {
    switch (event.type) {
      case 'pause':
        this.byPerson = true;
        return;
      case 'resume':
        this.byPerson = false;
        return;
      case 'cancel':
        if (this.phase === 'body' && !this.cancelling) this.cancelAll();
        return;
      case 'always-over':
        return this.endAlways();
      case 'pinned':
        return this.takePins(event.id, event.pins, null);
      case 'pin-failed':
        return this.takePins(event.id, null, event.failure);
      case 'chunk-done': {
        const chunk = this.states.get(event.step);
        if (!chunk || !this.maps.isOpenChunk(event.step)) return;
        this.inFlight--;
        this.setStatus(chunk, 'done');
        return this.maps.chunkDone(event.step, event.results);
      }
      default:
        break;
    }
    if (this.maps.isOpenChunk(event.step) || this.maps.isOpenJoin(event.step)) {
      this.inFlight--;
      return this.maps.chunkOrJoinEnded(event);
    }
    const run = this.byStep.get(event.step);
    if (!run || !run.open) return; // a late answer
    run.open = false;
    if (run.node.kind === 'gate' || run.node.kind === 'wait') this.idleOpen--;
    else this.inFlight--;
    if (event.type === 'put-back') return this.putBack(run);
    if (event.type === 'done') return this.settle(run, { status: 'done', output: event.output });
    if (event.type === 'cancelled') {
      if (this.stopping) return this.markCancelled(run);
      return this.fail(run, { class: 'platform', code: 'HDL-STEP-CANCELLED', message: 'the step was cancelled from outside' });
    }
    if (event.type === 'expired') return this.expired(run);
    this.fail(run, event.failure);
  }

  private putBack(run: NodeRun): void {
    if (this.stopping) return this.markCancelled(run);
    run.state.round--;
    this.setStatus(run.state, run.state.round > 0 ? 'retrying' : 'pending');
    this.leaves.push(run);
  }
  private endAlways(): void {
    if (this.phase !== 'always') return;
    this.alwaysOver = true;
    this.ready.clear();
    this.leaves.clear();
    this.maps.stopAll();
  }

  private expired(run: NodeRun): void {
    const node = run.node;
    if (node.kind === 'gate' && node.onTimeout !== 'fail')
      return this.settle(run, { status: 'done', output: { approved: node.onTimeout === 'approve', by: null, note: null, timedOut: true } });
    this.fail(run, {
      class: 'timeout',
      code: node.kind === 'gate' ? 'HDL-APPROVAL-TIMEOUT' : 'HDL-WAIT-TIMEOUT',
      message: node.kind === 'gate' ? 'nobody answered in time' : 'what it waits for did not come in time',
    });
  }

  /** A leaf failed: once more within the class's budget, held for a person, or for good. */
  fail(run: NodeRun, failure: StepFailure): void {
    if (this.stopping) return this.markCancelled(run, failure);
    const rules = this.rulesOf(run.node);
    const budget = rules?.classes?.[failure.class] ?? 0;
    const used = run.restarts?.[failure.class] ?? 0;
    if (used < budget && !this.alwaysOver) {
      (run.restarts ??= {})[failure.class] = used + 1;
      run.state.failure = failure;
      this.setStatus(run.state, 'retrying');
      this.leaves.push(run);
      return;
    }
    if (this.skeleton.onFailure === 'pause' && this.phase === 'body' && !isTolerated(run)) {
      run.state.failure = failure;
      this.setStatus(run.state, 'failed');
      this.held.push(run);
      return;
    }
    run.causes = [{ step: run.state.step, failure }];
    this.settle(run, { status: 'failed', failure });
  }

  private rulesOf(node: PlanNode): TaskRules | undefined {
    return node.kind === 'task' ? this.skeleton.tasks[node.task] : undefined;
  }

  // ---- settling ----

  settle(run: NodeRun, settled: Settled): void {
    if (run.settled) return;
    run.settled = settled;
    run.state.failure = settled.status === 'failed' ? settled.failure : null;
    if (settled.status === 'done') run.state.output = settled.output;
    if (run.state.status !== 'blocked') this.setStatus(run.state, settled.status);
    for (const dependent of run.dependents) if (--dependent.waiting === 0) this.ready.push(dependent);
    run.dependents = NONE;
    if (run.map) this.maps.producerSettled(run);
    const scope = run.scope;
    if (--scope.open === 0) this.scopeSettled(scope);
  }

  /** Does not run because one that it needs failed. */
  block(run: NodeRun, because: string): void {
    run.state.failure = { class: 'upstream', code: 'HDL-UPSTREAM-FAILED', message: `needs ${because}, which failed` };
    this.setStatus(run.state, 'blocked');
    this.settle(run, { status: 'failed', failure: run.state.failure });
  }

  private scopeSettled(scope: Scope): void {
    const owner = scope.owner;
    if (owner === null) return; // body or always: seen by afterScopes
    const result = this.resultOf(scope);
    if (owner.node.kind === 'map') return this.maps.itemSettled(owner, scope, result);
    if (owner.node.kind === 'loop') return this.roundSettled(owner, scope, result);
    owner.causes = this.causesOf(scope);
    this.settle(owner, result);
  }

  /** What a block gives: its output, or that of the first that failed in it. */
  private resultOf(scope: Scope): Settled {
    for (const run of scope.runs) if (run.settled?.status === 'failed' && run.state.status !== 'blocked') return run.settled;
    const found = noFindings();
    const value = evaluate(scope.block.output, this.lookup(scope), found);
    if (found.blocked !== null) return { status: 'failed', failure: upstream(found.blocked) };
    if (found.missing !== null) return { status: 'failed', failure: missing(found.missing) };
    if (found.pins) return { status: 'failed', failure: missing('a partition or model in a block’s result that no step uses') };
    return value === SKIPPED ? { status: 'skipped' } : { status: 'done', output: value };
  }

  private roundSettled(run: NodeRun, scope: Scope, result: Settled): void {
    const node = run.node;
    if (node.kind !== 'loop') return;
    if (result.status !== 'done') {
      run.causes = this.causesOf(scope);
      return this.settle(run, result);
    }
    const found = noFindings();
    const after = { parent: run.scope, locals: { [`$state${node.depth}`]: result.output, [`$round${node.depth}`]: scope.position } };
    const stop = evaluate(node.until, this.lookupIn(after), found);
    if (stop === true || (scope.position >= node.max && node.onMax === 'stop')) return this.settle(run, result);
    if (scope.position >= node.max) return this.fail(run, { class: 'user', code: 'HDL-LOOP-MAX', message: `the loop did not end within ${node.max} rounds` });
    this.openRound(run, scope.position + 1, result.output);
  }

  causesOf(scope: Scope | null): NodeRun['causes'] {
    if (!scope) return [];
    const all = [];
    for (const run of scope.runs)
      if (run.settled?.status === 'failed' && run.state.status !== 'blocked') for (const cause of run.causes) if (all.length < 100) all.push(cause);
    return all;
  }

  // ---- scopes ----

  openScope(block: Block, parent: Scope | null, owner: NodeRun | null, prefix: string, locals: Scope['locals'], position: number): Scope {
    const shape = shapeOf(block);
    const scope: Scope = { parent, owner, prefix, locals, block, runs: [], indexOf: shape.indexOf, open: block.nodes.length, position };
    for (let i = 0; i < block.nodes.length; i++) {
      const node = block.nodes[i] as PlanNode;
      const state = this.states.add(prefix + node.id, node.kind, node.kind === 'task' ? node.task : null, 0);
      const run: NodeRun = {
        node,
        scope,
        state,
        waiting: 0,
        dependents: NONE,
        settled: null,
        causes: NONE,
        open: false,
        askedPins: false,
        restarts: null,
        map: null,
      };
      scope.runs.push(run);
      this.byStep.set(state.step, run);
      const restarts = this.restartsBefore[state.step];
      if (restarts) this.takeRestarts(run, restarts);
    }
    for (let i = 0; i < scope.runs.length; i++) {
      const run = scope.runs[i] as NodeRun;
      for (const id of shape.needs[i] as readonly string[]) {
        const need = scope.runs[shape.indexOf.get(id) as number] as NodeRun;
        if (need.dependents === NONE) need.dependents = [run]; // an empty array that is pushed to takes room for 17
        else (need.dependents as NodeRun[]).push(run);
        run.waiting++;
      }
      if (run.waiting === 0) this.ready.push(run);
    }
    if (scope.open === 0) this.scopeSettled(scope);
    return scope;
  }

  /** Started again before this core began: its budget is used up by so much, and its wait goes on growing. */
  private takeRestarts(run: NodeRun, restarts: Restarts): void {
    run.restarts = { ...restarts };
    for (const times of Object.values(restarts)) run.state.round += times;
    if (!this.underway.has(run.state.step)) this.setStatus(run.state, 'retrying');
  }

  lookup(scope: Scope): Lookup {
    return this.lookupIn(scope);
  }
  private lookupIn(at: Pick<Scope, 'parent' | 'locals'> | Scope): Lookup {
    return {
      root: (name) => this.rootValue(at, name),
      pin: (key) => this.board.value(key, this.evaluating),
    };
  }
  private rootValue(at: Pick<Scope, 'parent' | 'locals'> | Scope, name: string): { value: Value } | { failed: string } {
    if (name === '$params') return { value: this.options.params };
    if (name === '$partition') return { value: this.options.partition as Json };
    if (name === '$outcome') return { value: (this.bodyOutcome as unknown as Json) ?? null };
    for (let scope: Pick<Scope, 'parent' | 'locals'> | Scope | null = at; scope; scope = scope.parent) {
      if (scope.locals && Object.hasOwn(scope.locals, name)) return { value: scope.locals[name] as Json };
      if ('indexOf' in scope) {
        const index = scope.indexOf.get(name);
        if (index !== undefined) return valueOf(scope.runs[index] as NodeRun);
      }
    }
    const outside = this.options.roots?.[name];
    if (outside === undefined) return { value: SKIPPED };
    return { value: isSkippedMark(outside) ? SKIPPED : outside };
  }

  /** Values of these roots as JSON, for a chunk of a map. */
  capture(scope: Scope, roots: Iterable<string>): Readonly<Record<string, Json>> {
    const out: { [root: string]: Json } = { $params: this.options.params, $partition: this.options.partition as Json };
    for (const root of roots) {
      const at = this.rootValue(scope, root);
      out[root] = 'failed' in at || at.value === SKIPPED ? { $skipped: true } : at.value;
    }
    return out;
  }

  // ---- starting ----

  /** Everything that can start now, within the limits of one turn. */
  private pump(): Command[] {
    for (;;) {
      for (let run = this.ready.shift(); run; run = this.ready.shift()) if (!run.settled) this.begin(run);
      if (this.goingOn.length > 0) {
        this.startLeaf(this.goingOn.shift() as NodeRun);
        continue;
      }
      if (this.mayStart() && this.leaves.length > 0) {
        const run = this.leaves.shift() as NodeRun;
        if (!run.settled && !run.open) this.startLeaf(run);
        continue;
      }
      if (this.mayStart() && this.maps.startMore()) continue;
      if (!this.afterScopes()) break;
    }
    const commands = this.commands;
    this.commands = [];
    this.bytes = 0;
    return commands;
  }
  private mayStart(): boolean {
    if (this.stopping || this.alwaysOver || (this.phase === 'body' && (this.byPerson || this.held.length > 0))) return false;
    return this.inFlight < this.maxInFlight && this.commands.length < this.maxPerTurn && this.bytes < this.maxBytes;
  }
  get room(): number {
    return this.mayStart() ? Math.min(this.maxInFlight - this.inFlight, this.maxPerTurn - this.commands.length) : 0;
  }

  /** All that a node waits for has settled. */
  private begin(run: NodeRun): void {
    if (this.stopping || this.alwaysOver) return;
    const seeded = this.seed?.(run.state.step);
    if (seeded) {
      if (seeded.status === 'failed') run.causes = seeded.causes ?? [{ step: run.state.step, failure: seeded.failure }];
      if (run.node.kind === 'map' && run.node.items === 'array') run.map = this.maps.seeded(run.node, seeded);
      return this.settle(run, seeded);
    }
    const blockedBy = this.blockedBy(run);
    if (blockedBy) return this.block(run, blockedBy);
    switch (run.node.kind) {
      case 'map':
        return this.maps.begin(run);
      case 'branch':
        return this.beginBranch(run);
      case 'loop':
        return this.beginLoop(run);
      default:
        (this.underway.has(run.state.step) ? this.goingOn : this.leaves).push(run);
    }
  }
  /** Steps inside of a map that were under way before this core began. */
  underwayIn(map: string): readonly string[] {
    if (this.underway.size === 0) return [];
    return [...this.underway].filter((step) => step.startsWith(`${map}[`));
  }

  /** The first of `after` that failed, or that a value of the node needs: `after` bears skips, not failures. */
  private blockedBy(run: NodeRun): string | null {
    for (const id of run.node.after ?? []) {
      const at = this.rootValue(run.scope, id);
      if ('failed' in at) return at.failed;
    }
    return null;
  }

  /** Evaluates; settles the run as blocked, skipped, failed, or puts it off until its pins are made. */
  evaluateFor(run: NodeRun, ...exprs: readonly Expr[]): readonly Json[] | null {
    const found = noFindings();
    const lookup = this.lookup(run.scope);
    const values: Json[] = [];
    let skipped = false;
    this.evaluating = run;
    for (const expr of exprs) {
      const value = evaluate(expr, lookup, found);
      if (value === SKIPPED) skipped = true;
      else values.push(value);
    }
    this.evaluating = null;
    return this.clear(run, found, skipped) ? values : null;
  }
  private clear(run: NodeRun, found: Findings, skipped: boolean): boolean {
    if (found.blocked !== null) this.block(run, found.blocked);
    else if (skipped) this.settle(run, { status: 'skipped' });
    else if (found.missing !== null) this.fail(run, missing(found.missing));
    else if (found.pins) this.askPins(run, found.pins);
    else return true;
    return false;
  }

  private beginBranch(run: NodeRun): void {
    const node = run.node;
    if (node.kind !== 'branch') return;
    const values = this.evaluateFor(run, node.if);
    if (!values) return;
    const arm = values[0] === true ? node.then : node.else;
    if (!arm) return this.settle(run, { status: 'skipped' });
    this.setStatus(run.state, 'running');
    this.openScope(arm, run.scope, run, `${run.state.step}.`, null, 0);
  }

  private beginLoop(run: NodeRun): void {
    const node = run.node;
    if (node.kind !== 'loop') return;
    const values = this.evaluateFor(run, node.start);
    if (!values) return;
    this.setStatus(run.state, 'running');
    this.openRound(run, 1, values[0] as Json);
  }
  private openRound(run: NodeRun, round: number, state: Json): void {
    const node = run.node;
    if (node.kind !== 'loop') return;
    this.openScope(node.body, run.scope, run, `${run.state.step}#${round}.`, { [`$state${node.depth}`]: state, [`$round${node.depth}`]: round }, round);
  }

  private startLeaf(run: NodeRun): void {
    const leaf = leafCommand(this, run);
    if (leaf) this.issue(run, leaf.command, leaf.bytes);
  }

  /** The request behind a `$slice`, null when the run settled instead. */
  sliceFor(run: NodeRun, body: Expr): PinRequest | null {
    const found = noFindings();
    const request = sliceRequest(body, this.lookup(run.scope), found);
    if (!this.clear(run, found, request === SKIPPED) || request === SKIPPED) return null;
    return request;
  }

  private issue(run: NodeRun, command: Command, bytes: number): void {
    run.open = true;
    const idle = run.node.kind === 'gate' || run.node.kind === 'wait';
    if (idle) this.idleOpen++;
    else this.inFlight++;
    this.setStatus(run.state, idle ? 'waiting' : 'queued');
    this.bytes += bytes + 300;
    this.commands.push(command);
  }
  /** A chunk or a join of a list map. */
  issueFor(state: StepState | null, command: Command): void {
    this.inFlight++;
    if (state) this.setStatus(state, 'queued');
    this.commands.push(command);
  }
  newState(step: string, kind: StepState['kind']): StepState {
    return this.states.add(step, kind, null, 1);
  }

  // ---- pins ----

  /** One request at the start for every slice and model whose key is known from params and partition. */
  private pinWhatIsKnown(): void {
    const pins = new Map<string, PinRequest>();
    const visit = (expr: { readonly [key: string]: Expr }): void => {
      const roots = new Set<string>();
      addRoots(expr, roots);
      for (const root of roots) if (root !== '$params' && root !== '$partition') return;
      const found = noFindings();
      evaluate(expr, this.lookupIn({ parent: null, locals: null }), found);
      if (found.pins) for (const [key, request] of found.pins) pins.set(key, request);
    };
    visitPins(this.skeleton.body, visit);
    if (pins.size > 0) this.askPins(null, pins);
  }
  private askPins(run: NodeRun | null, pins: ReadonlyMap<string, PinRequest>): void {
    const command = this.board.ask(pins, run);
    if (!command) return;
    this.idleOpen++;
    this.commands.push(command);
  }
  private takePins(id: number, pins: readonly PinValue[] | null, failure: StepFailure | null): void {
    const freed = this.board.take(id, pins);
    if (!freed) return;
    this.idleOpen--;
    for (const run of freed) {
      if (run.settled) continue;
      if (failure) this.fail(run, failure);
      else this.ready.push(run);
    }
  }

  // ---- ends ----

  /** Looks whether the body or the `always` block is over; true when something new came up. */
  private afterScopes(): boolean {
    if (this.phase === 'body' && this.root && this.bodyOver()) {
      this.bodyOutcome = this.makeOutcome();
      this.phase = 'always';
      this.ready.clear();
      this.leaves.clear();
      if (!this.skeleton.always) {
        this.phase = 'over';
        return false;
      }
      this.alwaysScope = this.openScope(this.skeleton.always, null, null, `${this.options.pathPrefix ?? ''}always.`, null, 0);
      return true;
    }
    if (this.phase !== 'always') return false;
    if (this.alwaysScope?.open === 0) this.phase = 'over';
    else if (this.alwaysOver && this.openCommands === 0) {
      this.phase = 'over';
      this.cancelRest();
    }
    return false;
  }
  private cancelRest(): void {
    for (const state of this.states.values())
      if (state.status === 'pending' || state.status === 'running' || state.status === 'retrying') this.setStatus(state, 'cancelled');
  }
  private bodyOver(): boolean {
    if (this.cancelling) {
      if (this.inFlight > 0 || this.idleOpen > 0) return false;
      this.cancelRest();
      return true;
    }
    return this.root?.open === 0 && this.openCommands === 0;
  }
  private makeOutcome(): RunOutcome {
    if (this.cancelling) return { status: 'cancelled', failedStep: null, message: null, failures: [] };
    const root = this.root as Scope;
    let failures = this.causesOf(root);
    if (failures.length === 0) {
      const result = this.resultOf(root);
      if (result.status === 'failed') failures = [{ step: 'output', failure: result.failure }];
      else this.result = result.status === 'done' ? result.output : null;
    }
    const first = failures[0];
    return {
      status: first ? 'failed' : 'done',
      failedStep: first?.step ?? null,
      message: first?.failure.message ?? null,
      failures: failures.map(({ step, failure }) => ({ step, class: failure.class, message: failure.message })),
    };
  }
  private cancelAll(): void {
    this.cancelling = true;
    this.byPerson = false;
    this.held = [];
    this.ready.clear();
    this.leaves.clear();
    this.goingOn.clear();
    this.maps.stopAll();
  }
  private markCancelled(run: NodeRun, failure: StepFailure | null = null): void {
    run.state.failure = failure;
    this.setStatus(run.state, 'cancelled');
  }

  /** A newer plan for what is not finished: begins anew, with what is done as seed. */
  private restartWith(skeleton: Skeleton): void {
    const done = new Map<string, Settled>();
    // Maps, branches and loops are put together again from what is inside of them, which so stays in the run's record.
    for (const [step, run] of this.byStep) if (run.settled && !isContainer(run) && (run.settled.status === 'done' || isBorne(run))) done.set(step, run.settled);
    const before = this.options.seed;
    this.seed = (step) => done.get(step) ?? before?.(step);
    this.skeleton = skeleton;
    this.planned = weightOf(skeleton.body);
    this.states.clear();
    this.byStep = new Map();
    this.ready.clear();
    this.leaves.clear();
    this.goingOn.clear();
    this.restartsBefore = {};
    this.maps.clear();
    this.inFlight = 0;
    this.idleOpen = 0;
    this.board.clearOpen();
    this.root = this.openScope(skeleton.body, null, null, this.options.pathPrefix ?? '', null, 0);
  }

  setStatus(state: StepState, status: StepStatus): void {
    this.states.set(state, status);
  }
}

function valueOf(run: NodeRun): { value: Value } | { failed: string } {
  const settled = run.settled;
  if (!settled) throw new Error(`the plan uses ${run.state.step} before it has settled: it was not compiled by heddle`);
  if (settled.status === 'failed') return { failed: run.state.step };
  return { value: settled.status === 'skipped' ? SKIPPED : settled.output };
}
/** True inside of a map that bears failures: those never hold the run up. */
function isTolerated(run: NodeRun): boolean {
  for (let owner = run.scope.owner; owner; owner = owner.scope.owner) if (owner.node.kind === 'map' && owner.node.tolerate) return true;
  return false;
}
/** One for all: a run has thousands of nodes. */
const NONE: readonly never[] = Object.freeze([]);
const isContainer = ({ node }: NodeRun): boolean => node.kind === 'map' || node.kind === 'branch' || node.kind === 'loop';
/** Failed inside of a map that is done all the same. */
function isBorne(run: NodeRun): boolean {
  if (run.settled?.status !== 'failed' || run.state.status !== 'failed') return false;
  for (let owner = run.scope.owner; owner; owner = owner.scope.owner) if (owner.settled?.status === 'done') return true;
  return false;
}
const upstream = (step: string): StepFailure => ({ class: 'upstream', code: 'HDL-UPSTREAM-FAILED', message: `needs ${step}, which failed` });
const missing = (what: string): StepFailure => ({ class: 'data', code: 'HDL-NOT-PUBLISHED', message: `${what} is not there` });
const ALWAYS_OVER: StepFailure = { class: 'timeout', code: 'HDL-ALWAYS-TIMEOUT', message: 'the always block took longer than it may' };
const isSkippedMark = (value: Json): boolean => typeof value === 'object' && value !== null && '$skipped' in value;
