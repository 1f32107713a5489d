/** Whether a run of a plan may share a workflow with others: it is small, and waits for nothing but its own steps. Server only. */
import { blocksOf } from '../../dsl/plan/free-roots.ts';
import type { Block, PlanNode, Skeleton } from '../../dsl/plan/types.ts';

/** Steps that a cell in a page may have; a page of 500 such cells stays below Temporal's limits. */
const MOST_STEPS = 8;
/** A page holds this for each of its cells that run. */
const MOST_BYTES = 64 * 1024;
/** Longer steps keep a page's workflow open for long, with all that it holds. */
const LONGEST_MS = 6 * 3_600_000;

export function isInline(skeleton: Skeleton): boolean {
  const blocks = [skeleton.body, ...(skeleton.always ? [skeleton.always] : [])];
  if (skeleton.onFailure !== 'fail' || blocks.some((block) => !isPlain(block))) return false;
  if (blocks.reduce((sum, block) => sum + stepsIn(block), 0) > MOST_STEPS) return false;
  if (Object.values(skeleton.tasks).some(({ timeoutMs }) => timeoutMs > LONGEST_MS)) return false;
  return Buffer.byteLength(JSON.stringify(skeleton)) <= MOST_BYTES;
}

/** Cells of a page, so that its history stays at a few thousand events. */
export function cellsInPage(skeleton: Skeleton): number {
  if (!isInline(skeleton)) return 200;
  const publishes = Object.values(skeleton.tasks).some((rules) => rules.publishes);
  const events = (publishes ? 15 : 6) * (stepsIn(skeleton.body) + (skeleton.always ? stepsIn(skeleton.always) : 0));
  return Math.max(20, Math.min(500, Math.floor(PAGE_EVENTS / events)));
}
const PAGE_EVENTS = 6_000;

const isPlain = (block: Block): boolean =>
  block.nodes.every((node) => (node.kind === 'task' || node.kind === 'branch') && blocksOf(node).every((inner) => isPlain(inner.block)));
const stepsIn = (block: Block): number => block.nodes.reduce((sum, node) => sum + ownSteps(node), 0);
const ownSteps = (node: PlanNode): number => 1 + blocksOf(node).reduce((sum, { block }) => sum + stepsIn(block), 0);
