/** What a test says instead of running a task's code, or about how it goes. Public: `heddle/testing`. */
import type { FailureClass, Json } from '../dsl/plan/types.ts';

export interface FakeCall {
  /** Step path, 'trials[0].train'. */
  readonly step: string;
  readonly task: string;
  readonly attempt: number;
  /** Key of the partition that the step publishes. */
  readonly into: Readonly<Record<string, string>> | null;
}
/** A fake: an output, or a function of the input that gives one or throws. By task name, or by step path for one step alone. */
export type Fake = ((input: never, call: FakeCall) => unknown) | Json | Takes;

const TAKES = Symbol('takes');
export interface Takes {
  readonly [TAKES]: number;
  readonly fake: Fake;
}
/** Lets a step take virtual time: `takes('5m', { auc: 0.7 })`. */
export const takes = (duration: string, fake: Fake): Takes => ({ [TAKES]: durationMs(duration), fake });
export const isTakes = (fake: unknown): fake is Takes => typeof fake === 'object' && fake !== null && TAKES in fake;
export const takenMs = (fake: Takes): number => fake[TAKES];

/** Thrown by a fake to fail as something else than the author's fault. */
export class FakeFailure extends Error {
  readonly class: FailureClass;
  readonly code: string;
  constructor(failureClass: FailureClass, message: string, code: string = failureClass === 'data' ? 'HDL-OUTPUT-SHAPE' : 'FakeFailure') {
    super(message);
    this.code = code;
    this.name = 'FakeFailure';
    this.class = failureClass;
  }
}
/** `fails('platform')` always fails; `fails('platform', { times: 2, then: 5 })` fails twice, then gives 5. */
export function fails(failureClass: FailureClass, options: { readonly message?: string; readonly times?: number; readonly then?: Json } = {}): Fake {
  return (_input: never, call: FakeCall) => {
    if (options.times === undefined || call.attempt <= options.times) throw new FakeFailure(failureClass, options.message ?? `a fake ${failureClass} failure`);
    return options.then ?? null;
  };
}

const UNITS: Readonly<Record<string, number>> = { s: 1e3, m: 60e3, h: 3600e3, d: 86400e3, w: 604800e3 };
export function durationMs(text: string): number {
  const [, count, unit] = /^(\d+(?:\.\d+)?)([smhdw])$/.exec(text) ?? [];
  if (!count || !unit) throw new TypeError(`"${text}" is no duration: write it as 30s, 5m, 2h, 1d, 1w`);
  return Number(count) * (UNITS[unit] as number);
}
