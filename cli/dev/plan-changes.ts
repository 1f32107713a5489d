/** What changed between two plans of a pipeline, in words: steps added, removed, changed; parameters, schedule, partitions. */
import type { Block, Json, Plan, PlanNode } from '../../dsl/plan/types.ts';

/** One line a change; empty when the plans mean the same. */
export function planChanges(before: Plan | undefined, after: Plan | undefined): string[] {
  if (!before || !after) return before ? ['removed'] : after ? [`new, ${steps(after).size} steps`] : [];
  const old = steps(before);
  const now = steps(after);
  const added = [...now.keys()].filter((id) => !old.has(id));
  const removed = [...old.keys()].filter((id) => !now.has(id));
  const lines = [
    ...(added.length > 0 ? [`steps added: ${added.join(', ')}`] : []),
    ...(removed.length > 0 ? [`steps removed: ${removed.join(', ')}`] : []),
    ...[...now].flatMap(([id, step]) => {
      const was = old.get(id);
      const what = was === undefined ? [] : differences(was, step);
      return what.length > 0 ? [`step changed: ${id} (${what.join(', ')})`] : [];
    }),
  ];
  for (const key of ['params', 'partitions', 'schedule', 'events'] as const) {
    if (text(before.contracts[key]) !== text(after.contracts[key])) lines.push(`${key} changed`);
  }
  if (text(before.skeleton.body.output) !== text(after.skeleton.body.output)) lines.push('output changed');
  if (before.skeleton.onFailure !== after.skeleton.onFailure) lines.push(`onFailure is ${after.skeleton.onFailure}`);
  return lines;
}

type Step = Readonly<Record<string, unknown>>;

/** Path -> everything that makes the step what it is, its task's rules and schemas too, without its inner blocks. */
function steps(plan: Plan): Map<string, Step> {
  const all = new Map<string, Step>();
  const visit = (block: Block, prefix: string): void => {
    for (const node of block.nodes) {
      const { id, inner, ...own } = parts(node);
      const task = node.kind === 'task' ? { rules: plan.skeleton.tasks[node.task], contract: plan.contracts.tasks[node.task] } : {};
      all.set(prefix + id, { ...own, ...task });
      for (const block of inner) visit(block, `${prefix}${id}/`);
    }
  };
  visit(plan.skeleton.body, '');
  if (plan.skeleton.always) visit(plan.skeleton.always, 'always/');
  return all;
}

function parts(node: PlanNode): { readonly id: string; readonly inner: readonly Block[] } & Step {
  if (node.kind === 'map' || node.kind === 'loop') {
    const { body, ...own } = node;
    return { ...own, inner: [body] };
  }
  if (node.kind === 'branch') {
    const { then, else: other, ...own } = node;
    return { ...own, inner: other ? [then, other] : [then] };
  }
  return { ...node, inner: [] };
}

const NAMES: Readonly<Record<string, string>> = { contract: 'schemas', rules: 'resources or retries', if: 'condition', over: 'what it maps over', keep: '' };
function differences(before: Step, after: Step): string[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return keys
    .filter((key) => text(before[key]) !== text(after[key]))
    .map((key) => NAMES[key] ?? key)
    .filter((name) => name !== '');
}

const text = (value: unknown): string => JSON.stringify(value as Json) ?? ''; // parts of a plan are JSON, or left out
