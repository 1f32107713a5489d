/**
 * A fake control plane: the control activities in memory, as the interpreter sees them. The real ones are tested by
 * themselves (test/server); here they answer at once and remember what they were asked.
 */
import { ApplicationFailure } from '@temporalio/common';
import type { ControlActivities, PinRequest, PrepareChildCall, RecordCall, WatchCall } from '../../dsl/contract/control.ts';
import { workflowIdOf, type RunFinal, type RunInput, type StepRecord } from '../../dsl/contract/run.ts';
import type { ItemListHandle, JoinItemsCall, ReadItemsCall, StepFailure, WriteItemsCall } from '../../dsl/contract/step.ts';
import type { Json, Skeleton } from '../../dsl/plan/types.ts';
import type { PinValue } from '../../workflows/scheduler/messages.ts';

export class FakeControl {
  readonly plans = new Map<string, Skeleton>();
  readonly pages: RecordCall[] = [];
  readonly watches: WatchCall[] = [];
  readonly started: PrepareChildCall[] = [];
  readonly controlSteps: Parameters<ControlActivities['heddle.notify']>[0][] = [];
  /** What a pin gives; missing by default. */
  pin: (request: PinRequest) => PinValue = (request) => ({ missing: JSON.stringify(request) });
  /** Steps whose wait holds at once. */
  readonly satisfied = new Map<string, Json>();
  beforeWatch: (call: WatchCall) => Promise<void> = async () => {};
  beforeRecord: (call: RecordCall) => Promise<void> = async () => {};
  /** Bytes of one page of load_done. */
  donePageBytes = 1024 * 1024;
  pinned = 0;

  /** The newest record of each step of a run. */
  steps(runId: string): Map<string, StepRecord> {
    const rows = new Map<string, StepRecord>();
    for (const page of this.pages) if (page.runId === runId) for (const step of page.steps) rows.set(step.step, step);
    return rows;
  }
  final(runId: string): RunFinal | undefined {
    return this.pages.findLast((page) => page.runId === runId && page.final)?.final;
  }

  readonly activities: ControlActivities = {
    'heddle.load_plan': async ({ planHash }) => {
      const plan = this.plans.get(planHash);
      if (!plan) throw final({ class: 'user', code: 'HDL-NO-PLAN', message: `no plan ${planHash}` });
      return plan;
    },
    'heddle.pin': async ({ pins }) => {
      this.pinned++;
      return { pins: pins.map((request) => this.pin(request)) };
    },
    'heddle.issue_generations': async ({ staged }) => ({ generations: staged.map(() => 1) }),
    'heddle.watch': async (call) => {
      this.watches.push(call);
      await this.beforeWatch(call);
      const value = this.satisfied.get(call.step);
      return value === undefined ? { state: 'waiting', why: `for ${call.on.kind}` } : { state: 'satisfied', value };
    },
    'heddle.prepare_child': async (call) => {
      const runId = `${call.parent.runId}+${call.parent.step}`;
      const input: RunInput = {
        project: call.project,
        runId,
        pipeline: call.pipeline,
        planHash: call.planHash,
        params: call.params,
        partition: call.partition && { key: Object.values(call.partition).join('|') },
        parent: { runId: call.parent.runId, step: call.parent.step },
        workflowId: workflowIdOf(call.project, call.pipeline, null, runId),
      };
      return input;
    },
    'heddle.start_child': async (call) => {
      this.started.push(call);
      return { runId: `${call.parent.runId}+${call.parent.step}` };
    },
    'heddle.load_done': async ({ runId, cursor }) => {
      const rows = [...this.steps(runId).values()].filter((row) => row.status === 'done' && row.kind !== 'item' && (row.output !== null || row.meta !== null));
      const done: Record<string, Json> = {};
      let bytes = 0;
      for (let at = cursor; at < rows.length; at++) {
        const row = rows[at] as StepRecord;
        bytes += JSON.stringify(row.output).length;
        if (bytes > this.donePageBytes && at > cursor) return { done, next: at };
        done[row.step] = row.output;
      }
      return { done, next: null };
    },
    'heddle.record': async (call) => {
      await this.beforeRecord(call);
      if (!this.pages.some((page) => page.runId === call.runId && page.page === call.page && !page.final)) this.pages.push(call);
    },
    'heddle.register_model': async (call) => {
      this.controlSteps.push(call);
      return { output: call.input };
    },
    'heddle.promote_model': async (call) => {
      this.controlSteps.push(call);
      return { output: call.input };
    },
    'heddle.notify': async (call) => {
      this.controlSteps.push(call);
      return { output: null };
    },
  };
}

/** Item lists in memory. */
export class FakeItems {
  private readonly pages = new Map<string, readonly Json[]>();
  private readonly lists = new Map<string, readonly string[]>();

  list(items: readonly Json[], pageSize = 500): ItemListHandle {
    const uri = `memory://list-${this.lists.size}`;
    const uris: string[] = [];
    for (let from = 0; from < items.length; from += pageSize) {
      uris.push(`${uri}/${uris.length}`);
      this.pages.set(uris.at(-1) as string, items.slice(from, from + pageSize));
    }
    this.lists.set(uri, uris);
    return { kind: 'items', uri, count: items.length, pageSize, digest: uri };
  }
  all(handle: ItemListHandle): Json[] {
    return (this.lists.get(handle.uri) ?? []).flatMap((uri) => [...(this.pages.get(uri) ?? [])]);
  }

  readonly activities = {
    'heddle.read_items': async ({ list, page }: ReadItemsCall) => ({ items: this.pages.get(this.lists.get(list.uri)?.[page] ?? '') ?? [] }),
    'heddle.write_items': async ({ runId, step, page, items }: WriteItemsCall) => {
      const uri = `memory://${runId}/${step}/${page}`;
      this.pages.set(uri, items);
      return { uri, count: items.length };
    },
    'heddle.join_items': async ({ runId, step, pages }: JoinItemsCall): Promise<ItemListHandle> => {
      const uri = `memory://${runId}/${step}`;
      this.lists.set(
        uri,
        pages.map((page) => page.uri),
      );
      return { kind: 'items', uri, count: pages.reduce((sum, page) => sum + page.count, 0), pageSize: 500, digest: uri };
    },
  };
}

const final = (failure: StepFailure): ApplicationFailure =>
  ApplicationFailure.create({ type: failure.class, nonRetryable: true, message: failure.message, details: [failure] });
