/** Text with refs in it: text`Promote with AUC ${report.auc}?` Authors' surface. */
import type { Input, Primitive, RefTo } from './ref.ts';
import { exprOf } from '../plan/expr-of.ts';
import { makeRef, refInfo } from '../plan/make-ref.ts';
import type { Expr } from '../plan/types.ts';

export function text(parts: TemplateStringsArray, ...values: Input<Primitive>[]): RefTo<string> {
  const pieces: Expr[] = [];
  for (const [i, part] of parts.entries()) {
    if (part !== '') pieces.push(part);
    if (i < values.length) pieces.push(exprOf(values[i]));
  }
  const block = values.map((value) => refInfo(value)?.block ?? null).findLast((at) => at !== null) ?? null;
  return makeRef({ $text: pieces }, { block }) as never; // a proxy has no type of its own
}
