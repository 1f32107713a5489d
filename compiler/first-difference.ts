/** Where two JSON values differ first, for the message about two plans. */
import type { Json } from '../dsl/plan/types.ts';

export interface Difference {
  /** 'skeleton.body.nodes[3].input.day'. */
  readonly path: string;
  /** undefined where one has nothing there. */
  readonly left: Json | undefined;
  readonly right: Json | undefined;
}

export function firstDifference(left: Json | undefined, right: Json | undefined, path = ''): Difference | null {
  if (left === right) return null;
  if (isTree(left) && isTree(right) && Array.isArray(left) === Array.isArray(right)) {
    const a = left as Readonly<Record<string, Json>>; // arrays by index
    const b = right as Readonly<Record<string, Json>>;
    for (const key of [...new Set([...Object.keys(a), ...Object.keys(b)])]) {
      const at = Array.isArray(left) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`;
      const found = firstDifference(a[key], b[key], at);
      if (found) return found;
    }
    return null;
  }
  return { path, left, right };
}
const isTree = (value: Json | undefined): value is Exclude<Json, null | boolean | number | string> => typeof value === 'object' && value !== null;
