/** when / otherwise: steps that may not run, as data. Authors' surface. */
import type { Condition, MaybeSkipped, Resolved, Returnable } from './ref.ts';
import { exprOf } from '../plan/expr-of.ts';
import { makeRef, refInfo, usesOf } from '../plan/make-ref.ts';
import { blockId, record, recordBlock, recording } from '../plan/record.ts';
import type { Use } from '../plan/recording.ts';
import type { Expr } from '../plan/types.ts';

/** Runs the body's steps where the condition holds. What it gives must be handled: .orElse(...) or .otherwise(...). */
export function when<R>(condition: Condition, body: () => R & Returnable<R>, options: { id?: string } = {}): MaybeSkipped<Resolved<R>> {
  const { top } = recording('when()');
  const condExpr = exprOf(condition);
  const arm = recordBlock('when', body);
  const id = options.id ?? blockId('when', arm.block);
  const { node } = record(id, { kind: 'branch', if: condExpr, then: arm.block }, arm.shape);
  const expr = { $ref: [id] };
  const uses = [{ root: id, block: top }];
  const otherwise = (other: () => unknown): object => {
    node['else'] = recordBlock('otherwise', other, { ids: arm.ids, parent: top }).block;
    return makeRef(expr, { uses, shape: arm.shape });
  };
  return makeRef(expr, { uses, shape: arm.shape, methods: { otherwise } }) as never; // a proxy
}

/** A value that is null where it is missing: the first run without a champion. */
export function maybeSkipped(expr: Expr, uses: readonly Use[]): object {
  const otherwise = (other: () => unknown): object => {
    recording('otherwise()');
    const arm = recordBlock('otherwise', other);
    const { ref } = record(blockId('otherwise', arm.block), { kind: 'branch', if: { $op: ['isNull', expr] }, then: arm.block }, arm.shape);
    return makeRef({ $orElse: [expr, refInfo(ref)?.expr ?? null] }, { uses: [...uses, ...usesOf(ref)] });
  };
  return makeRef(expr, { uses, methods: { otherwise } });
}
