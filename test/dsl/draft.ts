/** Drafts the plan of a body, for tests of the recorder. Places are relative to this folder. */
import { pipeline } from 'heddle';
import { draftPlan } from '../../dsl/plan/build-plan.ts';
import { pipelineOf, type PipelineValue } from '../../dsl/authoring/values.ts';
import type { PoolConfig } from '../../dsl/config.ts';
import type { Block, Plan, PlanNode } from '../../dsl/plan/types.ts';
import type { Problem } from '../../dsl/plan/problem.ts';

export const valueOf = (exported: unknown): PipelineValue => {
  const value = pipelineOf(exported);
  if (!value) throw new Error('not a pipeline');
  return value;
};
const root = import.meta.dirname;

export function draft(of: unknown, pools?: Readonly<Record<string, PoolConfig>>): { plan: Plan | null; problems: readonly Problem[] } {
  return draftPlan(valueOf(of), { hashOf: (name) => `hash of ${name}`, root, ...(pools && { pools }) });
}
/** The plan; fails the test where there are problems. */
export function planOf(of: unknown): Plan {
  const { plan, problems } = draft(of);
  if (problems.length > 0 || !plan) throw new Error(problems.map(({ code, what }) => `${code} ${what}`).join('\n'));
  return plan;
}
export const nodesOf = (body: () => unknown): readonly PlanNode[] => planOf(inPipeline(body)).skeleton.body.nodes;
export const problemsOf = (body: () => unknown): readonly Problem[] => draft(inPipeline(body)).problems;
export const codesOf = (body: () => unknown): string[] => problemsOf(body).map(({ code }) => code);
/** Tests break the rules on purpose: what the body returns is not checked by type. */
export const inPipeline = (body: () => unknown): unknown => pipeline({ name: 'p' }, body as () => void);

export function nodeAt(block: Block, ...path: readonly string[]): PlanNode {
  const [id, ...rest] = path;
  const node = block.nodes.find((candidate) => candidate.id === id);
  if (!node) throw new Error(`no node ${id} among ${block.nodes.map((candidate) => candidate.id).join(', ')}`);
  if (rest.length === 0) return node;
  if (node.kind === 'branch') return nodeAt(node.then, ...rest);
  if (node.kind === 'map' || node.kind === 'loop') return nodeAt(node.body, ...rest);
  throw new Error(`${id} has no body`);
}
