/**
 * Children that outlive a continue-as-new: started with ABANDON under an id of their own, heard by the signal with which
 * they report. The execution that started one hears its end by itself too; a later one asks from time to time whether it
 * is still there. Sandbox.
 */
import { defineSignal, getExternalWorkflowHandle, ParentClosePolicy, sleep, startChild, workflowInfo, type ExternalWorkflowHandle } from '@temporalio/workflow';
import type { Json } from '../../dsl/plan/types.ts';
import { childSignals, type ChildReport, type ChildResult, type ReportTo } from './child-contract.ts';
import type { Driver } from './driver.ts';
import { failure } from './failure-of.ts';
import type { StepLog } from './journal.ts';
import { partAttributes } from './search-attributes.ts';
import { shortId, summaryOf } from './short-names.ts';
import { WorkScope } from './work-scope.ts';

/** As it is carried. */
export interface OpenChild {
  readonly step: string;
  readonly workflowId: string;
  readonly token: string;
  readonly since: number;
  /** Attempts of the rounds before this one. */
  readonly earlier: number;
  /** It has reported, and its step has not settled yet. */
  readonly result: ChildResult | null;
}
interface Child {
  readonly step: string;
  readonly workflowId: string;
  readonly token: string;
  /** null: carried here, and the core has not come to its step again. */
  log: StepLog | null;
  readonly before: OpenChild | null;
  started: boolean;
  result: ChildResult | null;
}

const ASK_AT_MOST_MS = 3_600_000;

export class Children {
  private readonly driver: Driver;
  private open = new Map<string, Child>();
  private count = 0;
  private asking: WorkScope | null = null;
  private askMs: number;

  constructor(driver: Driver, before: readonly OpenChild[]) {
    this.driver = driver;
    this.askMs = driver.context.limits.askMs;
    for (const child of before) this.open.set(child.step, { ...child, log: null, before: child, started: true });
  }

  get carried(): OpenChild[] {
    return [...this.open.values()].map(({ step, workflowId, token, log, before, result }) => ({
      step,
      workflowId,
      token,
      since: log?.queuedAt ?? before?.since ?? 0,
      earlier: log?.earlier ?? before?.earlier ?? 0,
      result,
    }));
  }
  /** Open steps that can be handed to the next execution. */
  get movable(): number {
    let count = 0;
    for (const child of this.open.values()) if (isMovable(child)) count++;
    return count;
  }
  canMove(log: StepLog): boolean {
    const child = this.open.get(log.step);
    return child?.log === log && isMovable(child);
  }

  /** `input` lacks only where to report to. */
  start<Input extends { readonly reportTo?: ReportTo }>(log: StepLog, workflowType: string, input: Omit<Input, 'reportTo'>): void {
    const { context: run } = this.driver;
    const { step } = log;
    const child: Child = {
      step,
      workflowId: shortId(`${run.workflowId}/${step}`),
      token: `${workflowInfo().runId}/${this.count++}`,
      log,
      before: null,
      started: false,
      result: null,
    };
    this.open.set(step, child);
    const reportTo: ReportTo = { workflowId: run.workflowId, token: child.token };
    startChild<(input: Json) => Promise<void>>(workflowType, {
      workflowId: child.workflowId,
      args: [{ ...input, reportTo } as unknown as Json], // plain JSON, read by the workflow of that type
      parentClosePolicy: ParentClosePolicy.ABANDON,
      typedSearchAttributes: partAttributes(run),
      staticSummary: summaryOf(step),
    })
      .then(async (handle) => {
        child.started = true;
        await handle.result();
      })
      .then(
        () => {
          this.end(child, child.result);
        },
        (error: unknown) => {
          if (child.result) this.end(child, child.result);
          else {
            this.forget(child);
            this.driver.failWith(log, error);
          }
        },
      );
  }

  /** True when the step runs since before this execution began: it is not started again. */
  adopt(log: StepLog): boolean {
    const child = this.open.get(log.step);
    if (!child?.before || child.log) return false;
    child.log = log;
    log.queuedAt = child.before.since;
    log.earlier = child.before.earlier;
    if (child.result) this.end(child, child.result);
    else this.askLater();
    return true;
  }

  reported({ step, token, result }: ChildReport): void {
    const child = this.open.get(step);
    if (child?.token !== token) return; // one of a try before
    child.result = result;
    // The execution that started it goes on when the child has closed, so that a run ends after its parts.
    if (child.before && child.log) this.end(child, result);
  }

  /** Of the children that this execution has not started; the others are cancelled with their scope. */
  cancel(): void {
    for (const child of this.open.values()) if (child.before) this.send(child, (handle) => handle.cancel());
  }
  /** Chunks start nothing new, or go on. */
  hold(held: boolean): void {
    for (const child of this.open.values())
      // One that is not met again yet may be a chunk; a long step does not listen.
      if (!child.log || child.log.kind === 'chunk') this.send(child, (handle) => handle.signal(defineSignal<[boolean]>(childSignals.held), held));
  }

  private send(child: Child, what: (handle: ExternalWorkflowHandle) => Promise<void>): void {
    // In a scope of its own: the run's may be cancelled, and then Temporal would not be asked at all.
    new WorkScope().run(() => {
      what(getExternalWorkflowHandle(child.workflowId)).catch(() => {
        // It is closed. Had it reported, that would be in the history before this.
        if (child.before) this.end(child, child.result);
      });
    });
  }

  private askLater(): void {
    if (this.asking) return;
    const timer = new WorkScope();
    this.asking = timer;
    timer.run(() => {
      void sleep(this.askMs, { summary: 'until it asks whether its long steps are still there' }).then(
        () => {
          this.asking = null;
          this.askMs = Math.min(this.askMs * 2, ASK_AT_MOST_MS);
          for (const child of this.open.values()) if (child.before) this.send(child, (handle) => handle.signal(defineSignal(childSignals.asked)));
          if (this.hasAdopted) this.askLater();
        },
        () => {},
      );
    });
  }
  private get hasAdopted(): boolean {
    for (const child of this.open.values()) if (child.before) return true;
    return false;
  }
  private forget(child: Child): void {
    if (this.open.get(child.step) === child) this.open.delete(child.step);
    if (this.asking && !this.hasAdopted) {
      this.asking.cancel();
      this.asking = null;
    }
  }

  private end(child: Child, result: ChildResult | null): void {
    if (this.open.get(child.step) !== child) return;
    this.forget(child);
    const { log, step } = child;
    if (!log) return;
    if (!result) return this.driver.fail(log, failure('platform', 'HDL-CHILD-ENDED', 'its workflow ended without an answer: it was terminated from outside'));
    switch (result.type) {
      case 'done':
        log.meta = result.meta;
        return this.driver.settle(log, { type: 'done', step, output: result.output });
      case 'chunk-done':
        this.driver.chunkResults.set(step, result.results);
        return this.driver.settle(log, { type: 'chunk-done', step, results: result.results });
      case 'failed':
        return this.driver.fail(log, result.failure);
      case 'cancelled':
        return result.abandoned ? this.driver.abandon(log) : this.driver.settle(log, { type: 'cancelled', step });
    }
  }
}

const isMovable = ({ log, started }: Child): boolean => log?.scope !== null && log !== null && started;
