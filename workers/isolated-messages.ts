/** What a worker and the child process of an isolated step say to each other. Plain JSON over the fork's channel. */
import type { StepEvent } from '../dsl/contract/api.ts';
import type { StepCall, StepFailure, StepResult } from '../dsl/contract/step.ts';
import type { Json } from '../dsl/plan/types.ts';
import type { ResolvedConfig } from '../config/resolved-config.ts';

export type ToChild =
  | {
      readonly kind: 'run';
      readonly call: StepCall;
      readonly config: ResolvedConfig;
      readonly worker: string;
      readonly attempt: number;
      readonly lastCursor: Json;
      readonly codeDigest: string | null;
    }
  | { readonly kind: 'stop'; readonly why: 'cancelled' | 'interrupted' };
export type FromChild =
  | { readonly kind: 'heartbeat'; readonly cursor: Json }
  | { readonly kind: 'event'; readonly event: StepEvent }
  | { readonly kind: 'done'; readonly result: StepResult }
  | { readonly kind: 'failed'; readonly failure: StepFailure }
  | { readonly kind: 'stopped'; readonly why: 'cancelled' | 'interrupted' };
