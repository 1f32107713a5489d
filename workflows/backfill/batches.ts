/**
 * Steps of a page's cells whose task takes many partitions at once: they wait for each other a moment, and one activity runs
 * for all. Each cell gets its own outcome; one that failed and may be tried again is tried by itself. Sandbox.
 */
import { ApplicationFailure, CancelledFailure, scheduleActivity, sleep, type ActivityOptions } from '@temporalio/workflow';
import type { StepCall, StepResult } from '../../dsl/contract/step.ts';
import type { BatchSteps } from '../driver/run-context.ts';
import { roughBytes } from '../scheduler/evaluate.ts';
import { summaryOf } from '../driver/short-names.ts';
import { WorkScope } from '../driver/work-scope.ts';

/** Cells that start together come to their step within this. */
const GATHER_MS = 500;
/** Of all inputs of one activity: Temporal takes 2 MiB. */
const INPUT_BYTES = 512 * 1024;

interface Member {
  readonly call: StepCall;
  readonly options: ActivityOptions;
  readonly resolve: (result: StepResult) => void;
  readonly reject: (reason: unknown) => void;
}
interface Group {
  readonly members: Member[];
  bytes: number;
}

export class Batches implements BatchSteps {
  /** By task and version, what has not started. */
  private readonly groups = new Map<string, Group>();
  /** What is started here belongs to no single cell. */
  private readonly scope = new WorkScope();
  private started = 0;
  private cancelled = false;

  join(call: StepCall, max: number, options: ActivityOptions): Promise<StepResult> {
    return new Promise((resolve, reject) => {
      if (this.cancelled) {
        reject(new CancelledFailure('cancelled'));
        return;
      }
      const name = `${call.task}@${call.version} ${call.step}`;
      const bytes = roughBytes(call.input);
      const known = this.groups.get(name);
      if (known && known.bytes + bytes > INPUT_BYTES) this.start(name, known);
      const group = this.groups.get(name) ?? this.begin(name);
      group.members.push({ call, options, resolve, reject });
      group.bytes += bytes;
      if (group.members.length >= max) this.start(name, group);
    });
  }

  cancel(): void {
    this.cancelled = true;
    for (const { members } of this.groups.values()) for (const { reject } of members) reject(new CancelledFailure('cancelled'));
    this.groups.clear();
    this.scope.cancel();
  }

  private begin(name: string): Group {
    const group: Group = { members: [], bytes: 0 };
    this.groups.set(name, group);
    this.scope.run(() => {
      sleep(GATHER_MS, { summary: `gathers ${name}` }).then(
        () => {
          this.start(name, group);
        },
        () => undefined, // cancelled
      );
    });
    return group;
  }

  private start(name: string, group: Group): void {
    if (this.groups.get(name) !== group) return; // it was full before its time
    this.groups.delete(name);
    const { members } = group;
    const [first] = members;
    if (!first) return;
    const calls = members.map(({ call }) => call);
    const options = { ...first.options, activityId: `batch:${this.started++}`, summary: summaryOf(`${calls.length} of ${name}`) };
    this.scope.run(() => {
      (scheduleActivity(first.call.task, [{ ...first.call, batch: calls }], options) as Promise<StepResult>).then(
        ({ batch = [] }) => {
          for (const [i, member] of members.entries()) settle(member, batch[i]);
        },
        (error: unknown) => {
          for (const { reject } of members) reject(error);
        },
      );
    });
  }
}

function settle(member: Member, end: NonNullable<StepResult['batch']>[number] | undefined): void {
  const { call, options, resolve, reject } = member;
  if (end && 'output' in end) {
    resolve(end);
    return;
  }
  const failure = end?.failure ?? { class: 'platform', code: 'HDL-WORKER-LOST', message: 'the worker said nothing of this partition' };
  const tried = end?.failure.meta?.attempt ?? 1;
  const attempts = call.attempts - tried;
  if (failure.class === 'user' || failure.class === 'data' || attempts < 1) {
    reject(ApplicationFailure.create({ type: failure.class, message: failure.message, nonRetryable: true, details: [failure] }));
    return;
  }
  (scheduleActivity(call.task, [{ ...call, attempts, earlier: tried }], options) as Promise<StepResult>).then(resolve, reject);
}
