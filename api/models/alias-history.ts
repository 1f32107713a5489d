/** What an alias's history says about going back. Pure; server only. */
import type { AliasChange } from '../../catalog/models.ts';

/**
 * The version that stood before the one that stands now, going back over earlier rollbacks too: after 1, 2, 3 and a rollback
 * to 2 it is 1. null: there is none. `history`: of one alias, oldest first.
 */
export function versionBefore(history: readonly Pick<AliasChange, 'to'>[]): string | null {
  const stack: string[] = [];
  for (const { to } of history) {
    if (stack.at(-1) === to) continue;
    if (stack.at(-2) === to) stack.pop();
    else stack.push(to);
  }
  return stack.at(-2) ?? null;
}
