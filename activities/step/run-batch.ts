/**
 * Runs one attempt of the same step of many runs: each is loaded, validated and stored as by itself (run-step.ts), but where
 * its code would run it waits for the others, and the author's batch code runs once for all that got so far. Each has an
 * outcome of its own.
 */
import type { TaskContext } from '../../dsl/authoring/context.ts';
import type { TaskValue } from '../../dsl/authoring/values.ts';
import type { StepCall, StepFailure, StepResult } from '../../dsl/contract/step.ts';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import { runStep } from './run-step.ts';
import { StepError } from './step-error.ts';
import type { StepHost } from './step-host.ts';

export type PartEnd = StepResult | { readonly failure: StepFailure };

/** Throws StepCancelled or StepInterrupted, which concern all of them. */
export async function runBatch(calls: readonly StepCall[], hostFor: (call: StepCall) => StepHost): Promise<PartEnd[]> {
  const gathering = new Gathering(calls.length);
  return Promise.all(
    calls.map(async (call, i): Promise<PartEnd> => {
      const host = hostFor(call);
      try {
        return await runStep(call, { ...host, ...joining(host, gathering, i) });
      } catch (error) {
        if (error instanceof StepError) return { failure: error.failure };
        throw error;
      } finally {
        gathering.leave(i);
      }
    }),
  );
}

/** The task whose code is to join the others. */
function joining(host: StepHost, gathering: Gathering, i: number): Pick<StepHost, 'task' | 'codeDigest' | 'knownDigest'> {
  let own: TaskValue | undefined;
  const real = (task: TaskValue): TaskValue => own ?? task;
  return {
    task(name, version) {
      own = host.task(name, version);
      const task = own;
      // the declaration's getters stay unasked
      return task && Object.create(task, { run: { value: (input: unknown, ctx: TaskContext) => gathering.join(i, task, { input, ctx }) } });
    },
    codeDigest: (task) => host.codeDigest(real(task)),
    knownDigest: (task) => host.knownDigest(real(task)),
  };
}

interface Waiting {
  readonly part: { readonly input: unknown; readonly ctx: TaskContext };
  readonly resolve: (outcome: unknown) => void;
  readonly reject: (reason: unknown) => void;
}

class Gathering {
  private readonly waiting = new Map<number, Waiting>();
  private readonly left = new Set<number>();
  private readonly all: number;
  private task: TaskValue | null = null;
  private begun = false;

  constructor(all: number) {
    this.all = all;
  }

  join(i: number, task: TaskValue, part: Waiting['part']): Promise<unknown> {
    this.task = task;
    return new Promise((resolve, reject) => {
      this.waiting.set(i, { part, resolve, reject });
      this.begin();
    });
  }
  /** It has ended, maybe before its code was due: its input does not fit, or another step had its result. */
  leave(i: number): void {
    this.left.add(i);
    this.begin();
  }

  private begin(): void {
    const { task } = this;
    const here = [...this.waiting];
    if (this.begun || !task || new Set([...this.waiting.keys(), ...this.left]).size < this.all) return;
    this.begun = true;
    const waiting = here.map(([, one]) => one);
    outcomesOf(
      task,
      waiting.map(({ part }) => part),
    ).then(
      (outcomes) => {
        for (const [at, { resolve, reject }] of waiting.entries()) {
          const outcome = outcomes[at];
          if (outcome instanceof Error) reject(outcome);
          else resolve(outcome);
        }
      },
      (error: unknown) => {
        for (const { reject } of waiting) reject(error);
      },
    );
  }
}

/** Throws HDL-NO-CODE, HDL-BATCH-OUTCOMES, and what the author's code throws. */
export async function outcomesOf(task: TaskValue, parts: readonly Waiting['part'][]): Promise<readonly unknown[]> {
  const { batch } = task;
  if (!batch)
    throw new HeddleError('HDL-NO-CODE', { what: `Task ${task.name} ${task.version} has no code for many partitions.`, where: task.place ?? undefined });
  const outcomes: unknown = await batch.run(parts as never); // validated inputs, and contexts of this task
  if (Array.isArray(outcomes) && outcomes.length === parts.length) return outcomes as readonly unknown[];
  throw new HeddleError('HDL-BATCH-OUTCOMES', {
    what: `batch.run of ${task.name} ${task.version} was given ${parts.length} partitions and gave ${Array.isArray(outcomes) ? `${outcomes.length} outcomes` : 'no array of outcomes'}.`,
    where: task.place ?? undefined,
  });
}
