/** always: steps that run last, whatever happened. Authors' surface. */
import type { Ref } from './ref.ts';
import type { FailureClass } from '../plan/types.ts';
import { makeRef } from '../plan/make-ref.ts';
import { callerPlace } from '../plan/place.ts';
import { recordBlock, recording } from '../plan/record.ts';

export interface RunOutcome {
  status: 'done' | 'failed' | 'cancelled';
  failedStep: string | null;
  message: string | null;
  failures: { step: string; class: FailureClass; message: string }[];
}
/** Runs after success, failure and cancel; at most 10 minutes. Only params, partition and `outcome` are at hand. */
export function always(body: (outcome: Ref<RunOutcome>) => void): void {
  const { current, top } = recording('always()');
  if (top.parent !== null) current.problems.push({ code: 'HDL-ALWAYS-PLACE', what: `always() stands inside ${top.label}.`, where: callerPlace() });
  if (current.always !== null) current.problems.push({ code: 'HDL-ALWAYS-PLACE', what: 'always() was called twice.', where: callerPlace() });
  // null parent: refs to the body's steps are out of its sight; ids are shared, since step paths are
  const { block } = recordBlock('always', (own) => body(makeRef({ $ref: ['$outcome'] }, { uses: [{ root: '$outcome', block: own }] }) as never), {
    parent: null,
    ids: top.ids,
  });
  current.always = block;
}
