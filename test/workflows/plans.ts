/** Plans by hand, for tests of the interpreter: nodes of any task name; the table of rules is made from them. */
import type { Block, Expr, Json, MapNode, PlanNode, Skeleton, TaskNode, TaskRules } from '../../dsl/plan/types.ts';

export const rules = (over: Partial<TaskRules> = {}): TaskRules => ({
  pool: 'default',
  class: 'small',
  attempts: 3,
  backoffMs: 50,
  timeoutMs: 60_000,
  heartbeatMs: 5_000,
  queueMs: null,
  publishes: false,
  isolate: false,
  timed: false,
  ...over,
});
export const ref = (...path: string[]): Expr => ({ $ref: path });
export const step = (id: string, input: Expr = {}, over: Partial<TaskNode> = {}): TaskNode => ({ kind: 'task', id, task: `${id}@1`, input, ...over });
export const block = (nodes: readonly PlanNode[], output: Expr = null): Block => ({ nodes, output });
export const mapOf = (id: string, over: Expr, body: Block, rest: Partial<MapNode> = {}): MapNode => ({
  kind: 'map',
  id,
  over,
  items: 'array',
  parallel: 10,
  depth: 0,
  body,
  ...rest,
});

interface PlanOptions extends Partial<Omit<Skeleton, 'tasks' | 'body'>> {
  readonly output?: Expr;
  /** By task name. */
  readonly rules?: Readonly<Record<string, Partial<TaskRules>>>;
}

export function plan(name: string, nodes: readonly PlanNode[], options: PlanOptions = {}): Skeleton {
  const { output = null, rules: given = {}, ...over } = options;
  const tasks: Record<string, TaskRules> = {};
  const visit = (part: Json): void => {
    if (typeof part !== 'object' || part === null) return;
    if (Array.isArray(part)) {
      for (const item of part) visit(item as Json);
      return;
    }
    const node = part as Readonly<Record<string, Json>>;
    const { kind, task } = node;
    if (kind === 'task' && typeof task === 'string') tasks[task] = rules(given[task.split('@')[0] as string]);
    for (const value of Object.values(node)) visit(value);
  };
  visit([nodes, over.always?.nodes ?? []] as unknown as Json);
  return { format: 1, name, onFailure: 'fail', dimensions: [], tasks, body: { nodes, output }, always: null, calls: {}, ...over };
}

/** n dependent steps s0, s1...: each adds one to the output before. */
export const chain = (n: number, name = 'chain', task = 'add'): Skeleton =>
  plan(
    name,
    Array.from({ length: n }, (_, i) => step(`s${i}`, { x: i === 0 ? 0 : ref(`s${i - 1}`) }, { task: `${task}@1` })),
    { output: n === 0 ? null : ref(`s${n - 1}`) },
  );
