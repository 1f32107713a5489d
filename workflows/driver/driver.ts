/**
 * The Temporal side of the scheduler core: carries out its commands, collects what comes back, and gives the core one turn
 * for all that came in one workflow task. Used by a run and by a chunk of a list map. Sandbox.
 */
import { condition, workflowInfo } from '@temporalio/workflow';
import type { Json, Skeleton } from '../../dsl/plan/types.ts';
import type { RunStatus } from '../../dsl/contract/run.ts';
import type { StepFailure } from '../../dsl/contract/step.ts';
import type { Command, SchedulerCore, SchedulerEvent, Settled } from '../scheduler/messages.ts';
import { AlwaysLimit } from './always-limit.ts';
import { cancelOpen } from './cancel-open.ts';
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
  readonly paused: boolean;
  /** Called once after each turn. */
  readonly afterTurn: (driver: Driver) => void;
}

export class Driver {
  readonly context: RunContext;
  readonly core: SchedulerCore;
  readonly journal = new Journal();
  readonly waits: Waits;
  readonly chunkSeed: DriverOptions['chunkSeed'];
  /** Result pages of the chunks that have ended. */
  readonly chunkResults = new Map<string, ChunkResults>();
  private readonly afterTurn: DriverOptions['afterTurn'];
  private readonly always: AlwaysLimit;
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
  private readonly startBytes = workflowInfo().historySize;

  constructor(options: DriverOptions) {
    this.context = options.context;
    this.core = options.core;
    this.chunkSeed = options.chunkSeed;
    this.afterTurn = options.afterTurn;
    this.paused = options.paused;
    this.waits = new Waits(this, options.waits, options.events);
    this.always = new AlwaysLimit(this);
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
    return this.core.quiet && this.inbox.length === 0;
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
  }
  resume(skeleton?: Skeleton): void {
    this.paused = false;
    this.push({ type: 'resume-held', ...(skeleton && { skeleton }) });
  }
  cancel(): void {
    if (this.cancelAsked) return;
    this.cancelAsked = true;
    this.push({ type: 'cancel' });
  }

  /** There is too much to hand over: this workflow goes on to the end, however long its history. */
  goOnHere(): void {
    this.draining = false;
    this.stays = true;
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
    const { historyLength, historySize, continueAsNewSuggested } = workflowInfo();
    const { historyEvents, historyBytes } = this.context.limits;
    if (historyLength >= historyEvents) return true;
    // A large plan or carry in the first event must not make each workflow continue at once.
    return (continueAsNewSuggested || historySize >= historyBytes) && historySize >= this.startBytes + historyBytes / 2;
  }
  /** Nothing is under way and nothing has come in. */
  mayContinue(): boolean {
    const inBody = this.core.status === 'running' || this.core.status === 'paused';
    return inBody && this.isStill && this.core.holding === 0 && !this.cancelAsked && this.waits.registering === 0;
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
    for (const scope of this.scopes) scope.cancel();
    for (const log of [...this.journal.open.values()]) {
      this.journal.abandon(log);
      this.settle(log, { type: 'failed', step: log.step, failure: failure('timeout', 'HDL-ALWAYS-TIMEOUT', 'the always block took longer than it may') });
    }
  }
}
