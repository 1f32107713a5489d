/** A hand-made workflow that runs step calls as the interpreter would, all at once, and gives what became of each. */
import { ActivityFailure, ApplicationFailure, proxyActivities, TimeoutFailure } from '@temporalio/workflow';
import type { StepCall } from '../../dsl/contract/step.ts';

export interface CallOrder {
  readonly queue: string;
  readonly call: StepCall;
  /** Activity type; default: the task's name. */
  readonly type?: string;
  readonly backoffMs?: number;
  readonly argument?: unknown;
}
export interface CallOutcome {
  readonly ok: boolean;
  readonly result?: unknown;
  readonly failure?: { readonly type: string; readonly message: string; readonly details: unknown; readonly nonRetryable: boolean };
}

export async function runCalls(orders: readonly CallOrder[]): Promise<CallOutcome[]> {
  return Promise.all(
    orders.map(async ({ queue, call, type, backoffMs, argument }): Promise<CallOutcome> => {
      const activities = proxyActivities<Record<string, (call: unknown) => Promise<unknown>>>({
        taskQueue: queue,
        startToCloseTimeout: call.timeoutMs,
        heartbeatTimeout: call.heartbeatMs,
        activityId: type === undefined ? call.step : `${type}:${call.step}`,
        retry: { initialInterval: backoffMs ?? 100, backoffCoefficient: 1.5, maximumInterval: 2_000 },
      });
      try {
        return { ok: true, result: await activities[type ?? call.task]?.(argument ?? call) };
      } catch (error) {
        if (!(error instanceof ActivityFailure)) throw error;
        const { cause } = error;
        if (cause instanceof ApplicationFailure)
          return {
            ok: false,
            failure: { type: cause.type ?? '', message: cause.message, details: cause.details?.[0], nonRetryable: cause.nonRetryable ?? false },
          };
        return {
          ok: false,
          failure: {
            type: cause instanceof TimeoutFailure ? `temporal timeout ${cause.timeoutType}` : (cause?.name ?? ''),
            message: cause?.message ?? '',
            details: null,
            nonRetryable: false,
          },
        };
      }
    }),
  );
}
