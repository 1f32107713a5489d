/** approval: a person decides. Authors' surface. */
import type { Duration, Input, Primitive, Ref } from './ref.ts';
import { exprOf } from '../plan/expr-of.ts';
import { record } from '../plan/record.ts';
import { unknownShape } from '../plan/shape.ts';
import { durationOption } from '../plan/duration-option.ts';

export interface Approval {
  approved: boolean;
  by: string | null;
  note: string | null;
  timedOut: boolean;
}
export interface ApprovalOptions {
  readonly ask: Input<string>;
  /** Evidence, by label. */
  readonly show?: { readonly [label: string]: Input<Primitive> };
  /** Roles or names that may answer. */
  readonly from: readonly string[];
  readonly within: Duration;
  readonly onTimeout: 'reject' | 'approve' | 'fail';
  readonly id?: string;
}
/** Waits for an answer of one of `from`; holds no worker meanwhile. */
export function approval({ ask, show = {}, from, within, onTimeout, id }: ApprovalOptions): Ref<Approval> {
  const node = { kind: 'gate', ask: exprOf(ask), show: exprOf(show), from: [...from], withinMs: durationOption('within', within), onTimeout } as const;
  return record('approval', node, unknownShape, { id }).ref as never; // a proxy
}
