/** loop: a body on a state, again and again, bounded. Authors' surface. */
import type { z } from 'zod';
import type { Condition, Ref, RefTo } from './ref.ts';
import type { Inputs } from './task.ts';
import { exprOf } from '../plan/expr-of.ts';
import { jsonSchemaOf } from '../plan/json-schema.ts';
import { makeRef } from '../plan/make-ref.ts';
import { blockId, record, recordBlock, recording } from '../plan/record.ts';
import { callerPlace } from '../plan/place.ts';
import { shapeOfSchema } from '../plan/shape.ts';
import type { Expr } from '../plan/types.ts';

export interface LoopOptions<S> {
  /** Rounds at most, 1 to 10,000. */
  readonly max: number;
  readonly until: (state: Ref<S>) => Condition;
  /** When `max` rounds did not reach it: 'fail' (default), or 'stop' with the last state. */
  readonly onMax?: 'fail' | 'stop';
  readonly id?: string;
}
/** Runs the body on the state, then on its result, until the condition holds; at most `max` rounds. */
export function loop<S extends z.ZodObject>(
  state: S,
  start: Inputs<z.input<NoInfer<S>>>,
  body: (state: Ref<z.output<S>>, round: RefTo<number>) => Inputs<z.input<NoInfer<S>>>,
  options: LoopOptions<z.output<S>>,
): Ref<z.output<S>> {
  const { current, top } = recording('loop()');
  const depth = top.depth;
  const { schema, problem } = jsonSchemaOf(state, 'output');
  if (problem !== null) current.problems.push({ code: 'HDL-NOT-JSON-SCHEMA', what: `The state of loop(): ${problem}.`, where: callerPlace() });
  const shape = shapeOfSchema(schema);
  const startExpr = exprOf(start);
  let until: Expr = null;
  const inner = recordBlock(
    'loop',
    (block) => {
      const stateRef = makeRef({ $ref: [`$state${depth}`] }, { uses: [{ root: `$state${depth}`, block }], shape });
      until = exprOf(options.until(stateRef as never)); // proxies stand for the values
      return body(stateRef as never, makeRef({ $ref: [`$round${depth}`] }, { uses: [{ root: `$round${depth}`, block }] }) as never);
    },
    { scope: true },
  );
  const node = { kind: 'loop', start: startExpr, depth, body: inner.block, until, max: options.max, onMax: options.onMax ?? 'fail' } as const;
  return record(blockId('loop', inner.block), node, shape, options).ref as never; // a proxy
}
