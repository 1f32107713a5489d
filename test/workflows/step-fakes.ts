/** A fake pool worker: runs handlers by task name and fails as the real one does (class, charged attempts, final or not). */
import { activityInfo, cancellationSignal, Context } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { FailureClass, Json } from '../../dsl/plan/types.ts';
import type { PublishCall, SentCall, StagedPartition, StepCall, StepFailure, StepResult } from '../../dsl/contract/step.ts';
import { wholeCall } from '../../workers/whole-call.ts';
import { FakeItems } from './control-fakes.ts';

export interface StepInfo {
  readonly call: StepCall;
  readonly attempt: number;
  readonly signal: AbortSignal;
}
export type Handler = (input: never, info: StepInfo) => unknown;

export class TaskFailure extends Error {
  readonly class: FailureClass;
  constructor(failureClass: FailureClass, message = `a ${failureClass} failure`) {
    super(message);
    this.class = failureClass;
  }
}
/** Gives an output with partitions that must be published. */
export class Staged {
  readonly output: Json;
  readonly staged: readonly StagedPartition[];
  constructor(output: Json, staged: readonly StagedPartition[]) {
    this.output = output;
    this.staged = staged;
  }
}

export class FakeSteps {
  readonly handlers = new Map<string, Handler>();
  readonly items = new FakeItems();
  readonly calls: { readonly step: string; readonly attempt: number; readonly runId: string; readonly task: string; readonly planHash: string }[] = [];
  readonly published: PublishCall[] = [];
  running = 0;
  most = 0;

  stepsOf(runId: string): string[] {
    return this.calls.filter((call) => call.runId === runId).map(({ step }) => step);
  }

  readonly activities = {
    ...this.items.activities,
    'heddle.publish': async (call: PublishCall) => {
      this.published.push(call);
      return { output: { published: call.output }, meta: { startedAt: Date.now(), attempt: 1, worker: 'fake', ms: 1 } };
    },
    default: async (sent: SentCall): Promise<StepResult> => {
      const info = activityInfo();
      const { attempt } = info;
      const call = wholeCall(sent, info, 'default');
      const startedAt = Date.now();
      this.calls.push({ step: call.step, attempt, runId: call.runId, task: call.task, planHash: call.planHash });
      const beating = setInterval(() => {
        Context.current().heartbeat();
      }, 100);
      this.most = Math.max(this.most, ++this.running);
      try {
        const handler = this.handlers.get(call.task) ?? ((input: Json) => input);
        const output = await inTime(call.timeoutMs, handler(call.input as never, { call, attempt, signal: cancellationSignal() }));
        const meta = { startedAt, attempt, worker: 'fake', ms: Date.now() - startedAt };
        return output instanceof Staged ? { output: output.output, staged: output.staged, meta } : { output: (output ?? null) as Json, meta };
      } catch (error) {
        if (cancellationSignal().aborted) throw new CancelledFailure('cancelled');
        const failureClass = error instanceof TaskFailure ? error.class : 'user';
        const meta = { startedAt, attempt, worker: 'fake', ms: Date.now() - startedAt };
        const failure: StepFailure = { class: failureClass, code: 'Error', message: error instanceof Error ? error.message : String(error), meta };
        const final = failureClass === 'user' || failureClass === 'data' || attempt >= call.attempts;
        throw ApplicationFailure.create({ type: failureClass, nonRetryable: final, message: failure.message, details: [failure] });
      } finally {
        this.running--;
        clearInterval(beating);
      }
    },
  };
}

/** A worker keeps a step's own time: Temporal's clock for it runs longer, by the wait for a slot. */
async function inTime<T>(timeoutMs: number, work: T | Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => {
        reject(new TaskFailure('timeout', `did not end within ${timeoutMs} ms`));
      },
      Math.min(timeoutMs, 2 ** 31 - 1),
    );
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Resolves when the step is cancelled: a task that never ends by itself. */
export const forever: Handler = (_input, { signal }) =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => {
      reject(new Error('cancelled'));
    });
  });
