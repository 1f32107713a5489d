/** Text with refs in it: text`Promote with AUC ${report.auc}?` Authors' surface. */
import type { Input, Primitive, RefTo } from './ref.ts';
import { exprOf } from '../plan/expr-of.ts';
import { makeRef, usesOf } from '../plan/make-ref.ts';
import type { Expr } from '../plan/types.ts';

export function text(parts: TemplateStringsArray, ...values: Input<Primitive>[]): RefTo<string> {
  const pieces: Expr[] = [];
  for (const [i, part] of parts.entries()) {
    if (part !== '') pieces.push(part);
    if (i < values.length) pieces.push(exprOf(values[i]));
  }
  return makeRef({ $text: pieces }, { uses: usesOf(...values) }) as never; // a proxy has no type of its own
}
