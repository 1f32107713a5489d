/** The partition that a step names, as { dimension: Expr }. From the pipeline's own partition, or an object. */
import { exprOf } from './expr-of.ts';
import { refInfo } from './make-ref.ts';
import { shared } from './recording.ts';
import type { Expr } from './types.ts';

/** Takes the dimensions `names` of `key`: a wider partition may be given. */
export function keyExpr(key: object, names: readonly string[]): { readonly [dimension: string]: Expr } {
  const given = key as Readonly<Record<string, unknown>>;
  const own = refInfo(key)?.partition ? Object.keys(shared.current?.pipeline.partitions ?? {}) : null;
  const wanted = own ? names.filter((name) => own.includes(name)) : names.filter((name) => given[name] !== undefined);
  return Object.fromEntries(wanted.map((name) => [name, exprOf(given[name])]));
}
