/** Rules about pools and classes: what no worker could run fails here, not in a queue. */
import type { PoolConfig } from '../config.ts';
import type { Problem } from './problem.ts';
import type { VisitedNode } from './walk-plan.ts';
import type { Plan } from './types.ts';

export function poolProblems(
  plan: Plan,
  nodes: readonly VisitedNode[],
  pools: Readonly<Record<string, PoolConfig>> | undefined,
  where: string | null,
): Problem[] {
  if (!pools) return [];
  const problems: Problem[] = [];
  for (const [use, rules] of Object.entries(plan.skeleton.tasks)) {
    if (rules.pool === 'heddle') continue;
    const place = nodes.find(({ node }) => node.kind === 'task' && node.task === use)?.place ?? where;
    const classes = pools[rules.pool]?.classes;
    if (!classes) {
      problems.push({
        code: 'HDL-UNKNOWN-POOL',
        what: `Task ${use} wants the pool "${rules.pool}"; the project has ${list(Object.keys(pools))}.`,
        where: place,
      });
    } else if (!Object.hasOwn(classes, rules.class)) {
      problems.push({
        code: 'HDL-UNKNOWN-CLASS',
        what: `Task ${use} wants the class "${rules.class}" of pool "${rules.pool}", which has ${list(Object.keys(classes))}.`,
        where: place,
      });
    }
  }
  return problems;
}
const list = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(', ') || 'none';
