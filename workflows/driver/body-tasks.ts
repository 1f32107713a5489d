/** Rules of the tasks that stand in the bodies of some maps, in the order of the nodes. Sandbox. */
import type { Block, MapNode, Skeleton, TaskRules } from '../../dsl/plan/types.ts';

export function bodyTasks(maps: readonly MapNode[], skeleton: Pick<Skeleton, 'tasks'>): Readonly<Record<string, TaskRules>> {
  const out: Record<string, TaskRules> = {};
  for (const map of maps) collect(map.body, skeleton, out);
  return out;
}

function collect(block: Block, skeleton: Pick<Skeleton, 'tasks'>, out: Record<string, TaskRules>): void {
  for (const node of block.nodes) {
    switch (node.kind) {
      case 'task': {
        const rules = skeleton.tasks[node.task];
        if (rules) out[node.task] = rules;
        break;
      }
      case 'map':
      case 'loop':
        collect(node.body, skeleton, out);
        break;
      case 'branch':
        collect(node.then, skeleton, out);
        if (node.else) collect(node.else, skeleton, out);
        break;
      default:
        break;
    }
  }
}
