/** One cell of a page: the run of its pipeline, in the page's own workflow or as a child workflow. Sandbox. */
import { CancellationScope, executeChild, isCancellation, ParentClosePolicy } from '@temporalio/workflow';
import type { CellOutcome, CellsInput, OpenedCell, OpenedPage } from '../../dsl/contract/backfill.ts';
import type { LiveState, RunFinal, RunInput } from '../../dsl/contract/run.ts';
import type { StepFailure } from '../../dsl/contract/step.ts';
import type { Json } from '../../dsl/plan/types.ts';
import { createScheduler } from '../scheduler/scheduler.ts';
import { Driver } from '../driver/driver.ts';
import { failure, failureOf } from '../driver/failure-of.ts';
import { liveState } from '../driver/live-state.ts';
import { recordsOf } from '../driver/records.ts';
import { contextOf } from '../driver/run-context.ts';
import { attributesOf } from '../driver/search-attributes.ts';
import { Seeds } from '../driver/seeds.ts';
import { summaryOf } from '../driver/short-names.ts';
import type { Batches } from './batches.ts';
import type { CellHistory } from './ledger.ts';

export class CellRun {
  /** Set when it is over. */
  ended: CellOutcome | null = null;
  history: CellHistory | null = null;
  private readonly startedAt = Date.now();
  private cancelAsked = false;
  private stop: (() => void) | null = null;
  private readonly cell: OpenedCell;
  private readonly batches: Batches;
  private driver: Driver | null = null;

  constructor(page: CellsInput, opened: OpenedPage, cell: OpenedCell, batches: Batches) {
    this.cell = cell;
    this.batches = batches;
    const input: RunInput = {
      project: page.project,
      runId: cell.runId,
      pipeline: opened.pipeline,
      planHash: opened.planHash,
      ...(opened.skeleton && { skeleton: opened.skeleton }),
      params: opened.params,
      partition: cell.partition,
      backfill: page.backfill,
      ...(cell.retryOf !== undefined && { retryOf: cell.retryOf }),
    };
    const run = opened.mode === 'inline' ? this.inline(input) : this.child(input);
    run.catch((error: unknown) => {
      // a mistake of ours in one cell does not take the page down
      this.end('failed', failureOf(error) ?? failure('platform', 'HDL-STEP-CANCELLED', String(error)));
    });
  }

  get runId(): string {
    return this.cell.runId;
  }
  /** Of a cell that runs in the page. */
  live(page: { readonly offset: number; readonly limit: number }): LiveState | null {
    return this.driver && liveState(this.driver, {}, page);
  }

  cancel(): void {
    this.cancelAsked = true;
    this.stop?.();
  }

  private async inline(input: RunInput): Promise<void> {
    const { skeleton } = input;
    if (!skeleton) throw new Error('the plan of an inline cell was left out');
    const seeds = new Seeds(null);
    if (input.retryOf !== undefined) await seeds.load(input.project, input.runId);
    const context = { ...contextOf(input, skeleton, this.cell.workflowId, 'cell'), idPrefix: `${this.cell.cell}:`, batches: this.batches };
    const core = createScheduler({
      skeleton,
      params: input.params,
      partition: input.partition,
      maxInFlight: context.limits.inFlight,
      seed: (step) => (core.status === 'running' || core.status === 'paused' ? seeds.get(step) : undefined),
    });
    const driver = new Driver({
      context,
      core,
      chunkSeed: () => undefined,
      waits: [],
      events: [],
      children: [],
      earlier: {},
      paused: false,
      afterTurn: () => undefined,
    });
    this.driver = driver;
    this.stop = () => {
      driver.cancel();
    };
    if (this.cancelAsked) driver.cancel();
    await driver.drive();
    const final: RunFinal = { ...core.final, endedAt: Date.now(), abandoned: driver.journal.abandoned };
    const steps = recordsOf(driver);
    this.history = { runId: input.runId, steps: steps.filter(({ step }) => !seeds.used.has(step)), final };
    const slotMs: Record<string, number> = {};
    for (const { task, runMs } of steps) {
      const rules = task === null ? undefined : skeleton.tasks[task];
      if (rules && runMs !== null) slotMs[`${rules.pool}/${rules.class}`] = (slotMs[`${rules.pool}/${rules.class}`] ?? 0) + runMs;
    }
    this.end(final.status, final.failures[0]?.failure ?? null, slotMs);
  }

  private async child(input: RunInput): Promise<void> {
    const scope = new CancellationScope({ cancellable: true });
    this.stop = () => {
      scope.cancel();
    };
    if (this.cancelAsked) scope.cancel();
    try {
      await scope.run(() =>
        executeChild<(input: RunInput) => Promise<Json>>(input.pipeline, {
          workflowId: this.cell.workflowId,
          args: [input],
          parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
          typedSearchAttributes: attributesOf(input),
          ...(input.retryOf !== undefined && { memo: { heddleRetry: input.retryOf } }),
          staticSummary: summaryOf(`${input.pipeline} ${this.cell.partition.key}, backfill ${input.backfill ?? ''}`),
        }),
      );
      this.end('done', null);
    } catch (error) {
      const why = failureOf(error);
      if (isCancellation(error) || !why) this.end('cancelled', null);
      else this.end('failed', why);
    }
  }

  private end(status: CellOutcome['status'], why: StepFailure | null, slotMs: Readonly<Record<string, number>> = {}): void {
    this.ended ??= {
      cell: this.cell.cell,
      status,
      runId: this.cell.runId,
      failure: why && { class: why.class, code: why.code, message: why.message.slice(0, 2_000) },
      startedAt: this.startedAt,
      endedAt: Date.now(),
      slotMs,
    };
  }
}
