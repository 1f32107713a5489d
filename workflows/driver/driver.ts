/**
 * The Temporal side of the scheduler core: carries out its commands, collects what comes back, and gives the core one turn
 * for all that came in one workflow task. Used by a run and by a chunk of a list map. Sandbox.
 */
import { condition, sleep } from '@temporalio/workflow';
import type { Json, Skeleton } from '../../dsl/plan/types.ts';
import type { RunStatus } from '../../dsl/contract/run.ts';
import type { StepFailure } from '../../dsl/contract/step.ts';
import type { Command, SchedulerCore, SchedulerEvent, Settled } from '../scheduler/messages.ts';
import { AlwaysLimit } from './always-limit.ts';
import { cancelOpen } from './cancel-open.ts';
import { Children, type OpenChild } from './children.ts';
import { Drain } from './drain.ts';
import { failure, failureOf } from './failure-of.ts';
import { issueChild } from './issue-child.ts';
import { issueChunk, issueJoin } from './issue-chunk.ts';
import { issuePin } from './issue-pin.ts';
import { issueTask } from './issue-task.ts';
import { Journal, type LogKind, type StepLog } from './journal.ts';
import type { RunContext } from './run-context.ts';
import { Waits, type OpenWait } from './waits.ts';
import { WorkScope } from './work-scope.ts';

type ChunkResults = Extract<SchedulerEvent, { type: 'chunk-done' }>['results'];
type Inbox = SchedulerEvent | { readonly type: 'nudge' } | { readonly type: 'resume-held'; readonly skeleton?: Skeleton };

/** As many as the core gives in one turn. */
export const COMMANDS_A_TURN = 50;

export interface DriverOptions {
  readonly context: RunContext;
  readonly core: SchedulerCore;
  /** Results of chunks from before (retry, continue-as-new). */
  readonly chunkSeed: (step: string, maps: number) => Settled | undefined;
  readonly waits: readonly OpenWait[];
  readonly events: readonly (readonly [string, Json])[];
  /** Children that an execution before this one started. */
  readonly children: readonly OpenChild[];
  /** Attempts of steps in workflows before this one. */
  readonly earlier: Readonly<Record<string, number>>;
  readonly paused: boolean;
  /** Called once after each turn. */
  readonly afterTurn: (driver: Driver) => void;
}

export class Driver {
  readonly context: RunContext;
  readonly core: SchedulerCore;
  readonly journal: Journal;
  readonly waits: Waits;
  readonly children: Children;
  readonly chunkSeed: DriverOptions['chunkSeed'];
  /** Result pages of the chunks that have ended. */
  readonly chunkResults = new Map<string, ChunkResults>();
  private readonly afterTurn: DriverOptions['afterTurn'];
  private readonly always: AlwaysLimit;
  private readonly drain: Drain;
  /** Steps that wait for their next start. */
  private delayed = new Map<StepLog, WorkScope>();
  private inbox: Inbox[] = [];
  /** Scopes with steps in them that have not ended. */
  private scopes = new Set<WorkScope>();
  private scope = new WorkScope();
  private paused: boolean;
  private cancelAsked = false;
  /** Nothing new starts, because this workflow is about to continue as new. */
  private draining = false;
  private stays = false;
  private started = false;
  /** The last turn gave as many commands as one may: there can be more. */
  private full = false;

  constructor(options: DriverOptions) {
    this.context = options.context;
    this.journal = new Journal(options.earlier);
    this.core = options.core;
    this.chunkSeed = options.chunkSeed;
    this.afterTurn = options.afterTurn;
    this.paused = options.paused;
    this.waits = new Waits(this, options.waits, options.events);
    this.children = new Children(this, options.children);
    this.always = new AlwaysLimit(this);
    this.drain = new Drain(this);
    this.stays = options.context.role === 'long' || options.context.role === 'cell';
  }

  get status(): RunStatus {
    const { status } = this.core;
    return status === 'paused' && !this.paused && this.core.holding === 0 ? 'running' : status;
  }
  get isPaused(): boolean {
    return this.paused;
  }
  get isCancelling(): boolean {
    return this.cancelAsked;
  }
  /** Nothing runs: a newer plan may take over. */
  get isStill(): boolean {
    return this.core.busy === 0 && this.inbox.length === 0;
  }

  /**
   * Until the run is over, or quiet enough to continue as new. May be called again when it did not continue. The turns are
   * taken inside of the condition, which Temporal evaluates when all that came in one workflow task has been heard: so a turn
   * costs no promise, and all completions of a workflow task make one turn.
   */
  async drive(): Promise<'over' | 'continue'> {
    await condition(() => this.advance());
    if (!this.core.finished) return 'continue';
    this.always.stop();
    return 'over';
  }

  /** Takes a turn if there is something for it; true when `drive` is at its end. */
  private advance(): boolean {
    while (!this.started || this.inbox.length > 0) {
      this.execute(this.started ? this.turn() : this.start());
      this.afterTurn(this);
      if (this.core.finished) return true;
    }
    return this.core.finished || (this.draining && this.mayContinue());
  }

  // ---- messages from outside ----

  pause(): void {
    this.paused = true;
    this.push({ type: 'pause' });
    this.children.hold(true);
  }
  resume(skeleton?: Skeleton): void {
    this.paused = false;
    this.push({ type: 'resume-held', ...(skeleton && { skeleton }) });
    this.children.hold(false);
  }
  cancel(): void {
    if (this.cancelAsked) return;
    this.cancelAsked = true;
    this.push({ type: 'cancel' });
  }

  /** There is too much to hand over: this workflow goes on to the end, however long its history. */
  goOnHere(): void {
    this.stays = true;
    this.goOn();
  }
  /** It does not continue as new yet. */
  goOn(): void {
    this.draining = false;
    this.drain.end();
    if (!this.paused) this.push({ type: 'resume' });
  }

  // ---- turns ----

  private start(): Command[] {
    this.started = true;
    if (this.cancelAsked) this.core.turn([{ type: 'cancel' }]);
    else if (this.paused) this.core.turn([{ type: 'pause' }]);
    return this.core.start();
  }

  private turn(): Command[] {
    const inbox = this.inbox;
    this.inbox = [];
    const wasOver = this.core.status;
    if (!this.draining && !this.stays && this.mustDrain()) {
      this.draining = true;
      this.drain.begin();
      inbox.push(...this.inbox);
      this.inbox = [];
      inbox.unshift({ type: 'pause' });
    }
    const commands: Command[] = [];
    let events: SchedulerEvent[] = [];
    let cancels = false;
    for (const item of inbox) {
      if (item.type === 'nudge') continue;
      if (item.type !== 'resume-held') {
        events.push(item);
        cancels ||= item.type === 'cancel';
        continue;
      }
      commands.push(...this.core.turn(events), ...this.resumeHeld(item.skeleton));
      events = this.draining || this.paused ? [{ type: 'pause' }] : [];
    }
    commands.push(...this.core.turn(events));
    if (cancels && (wasOver === 'running' || wasOver === 'paused')) cancelOpen(this, [...this.scopes]);
    return commands;
  }

  private resumeHeld(skeleton: Skeleton | undefined): Command[] {
    if (skeleton) this.context.skeleton = skeleton;
    return this.core.resumeFailed(skeleton);
  }

  private mustDrain(): boolean {
    const { status } = this.core;
    if (this.cancelAsked || this.core.holding > 0 || (status !== 'running' && status !== 'paused')) return false;
    return this.drain.isDue();
  }
  /** Nothing is under way that cannot be handed over, and nothing has come in. */
  mayContinue(): boolean {
    const inBody = this.core.status === 'running' || this.core.status === 'paused';
    const isStill = this.inbox.length === 0 && this.core.busy === this.children.movable;
    return inBody && isStill && this.core.holding === 0 && !this.cancelAsked && this.waits.registering === 0;
  }

  // ---- commands ----

  private execute(commands: readonly Command[]): void {
    this.full = commands.length >= COMMANDS_A_TURN;
    if (commands.length === 0) return;
    if (this.scope.isFull) this.scope = new WorkScope();
    const { scope } = this;
    scope.run(() => {
      for (const command of commands) this.issue(command, scope);
    });
    if (scope.open > 0) this.scopes.add(scope);
    this.always.watch();
  }

  private issue(command: Command, scope: WorkScope): void {
    switch (command.type) {
      case 'task':
        return issueTask(this, command, this.begin(command.step, 'task', scope));
      case 'pin':
        return issuePin(this, command);
      case 'gate':
      case 'wait':
        return this.waits.open(command, this.begin(command.step, command.type, scope));
      case 'pipeline':
      case 'workflow':
        return issueChild(this, command, this.begin(command.step, command.type, scope));
      case 'chunk':
        return issueChunk(this, command, this.begin(command.step, 'chunk', scope));
      case 'join':
        return issueJoin(this, command, this.begin(command.step, 'join', scope));
    }
  }

  private begin(step: string, kind: LogKind, scope: WorkScope): StepLog {
    return this.journal.begin(step, kind, scope, Date.now());
  }

  /** Begins `start` after a pause, inside of the step's scope. */
  later(log: StepLog, delayMs: number, start: () => void): void {
    const timer = new WorkScope();
    this.delayed.set(log, timer);
    timer.run(() => {
      void sleep(delayMs, { summary: `${log.step} again` }).then(
        () => {
          this.delayed.delete(log);
          log.scope?.run(start);
        },
        () => {},
      );
    });
  }
  /** They begin when the run goes on, in this workflow or the next. */
  putBackDelayed(): void {
    for (const [log, timer] of this.delayed) {
      timer.cancel();
      this.settle(log, { type: 'put-back', step: log.step });
    }
    this.delayed.clear();
  }

  push(event: Inbox): void {
    this.inbox.push(event);
  }
  /** Something of no meaning to the core happened; the next turn may start what the last had no room for. */
  nudge(): void {
    if (this.full) this.push({ type: 'nudge' });
  }
  /** Ends an open step with what came of it; a second answer is not heard. */
  settle(log: StepLog, event: SchedulerEvent): void {
    const { scope } = log;
    if (!this.journal.end(log, Date.now())) return;
    if (scope?.open === 0) this.scopes.delete(scope);
    this.push(event);
  }
  fail(log: StepLog, reason: StepFailure): void {
    if (reason.meta) log.meta = reason.meta;
    this.settle(log, { type: 'failed', step: log.step, failure: reason });
  }
  /** A step's activity or child ended with an error. */
  failWith(log: StepLog, error: unknown): void {
    const reason = failureOf(error);
    if (reason) this.fail(log, reason);
    else this.settle(log, { type: 'cancelled', step: log.step });
  }
  abandon(log: StepLog): void {
    this.journal.abandon(log);
    this.settle(log, { type: 'cancelled', step: log.step });
  }
  /** Ends what the `always` block has open: its time is over. */
  endAlways(): void {
    this.push({ type: 'always-over' });
    this.putBackDelayed();
    for (const scope of this.scopes) scope.cancel();
    for (const log of [...this.journal.open.values()]) {
      this.journal.abandon(log);
      this.settle(log, { type: 'failed', step: log.step, failure: failure('timeout', 'HDL-ALWAYS-TIMEOUT', 'the always block took longer than it may') });
    }
  }
}
