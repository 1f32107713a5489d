/** For tests of long steps: limits of a large run that are small, tasks that end when they are told to. */
import type { Json, PlanNode } from '../../dsl/plan/types.ts';
import type { RunLimits } from '../../dsl/contract/run.ts';
import { until, type Run } from './kit.ts';
import { chain } from './plans.ts';
import type { StepInfo } from './step-fakes.ts';

/** As a run of more than 500 steps, with small histories. */
export const limits: RunLimits = { historyEvents: 80, largeRun: 20 };
export const long = { timed: true, timeoutMs: 3_600_000, backoffMs: 50 };

/** A task that ends when it is told to; each attempt waits at its gate. */
export function held(): {
  readonly handler: (input: Json, info: StepInfo) => Promise<Json>;
  release(output: Json | Error): void;
  readonly begun: Promise<void>;
} {
  let release: (output: Json | Error) => void = () => {};
  let begin: () => void = () => {};
  const begun = new Promise<void>((resolve) => (begin = resolve));
  const output = new Promise<Json | Error>((resolve) => (release = resolve));
  return {
    handler: async (_input, { signal }) => {
      begin();
      const given = await Promise.race([output, new Promise<Error>((resolve) => signal.addEventListener('abort', () => resolve(new Error('told'))))]);
      if (given instanceof Error) throw given;
      return given;
    },
    release: (output) => release(output),
    begun,
  };
}
export const nodesOf = (n: number): readonly PlanNode[] => chain(n).body.nodes;
export const ended = async (run: Run, name: string): Promise<void> => {
  await until(
    () => run.steps().get(name)?.status ?? run.state().then(({ steps }) => steps.find((one) => one.step === name)?.status),
    (status) => status === 'done',
  );
};
