/** Adds nodes and blocks to the plan that is being recorded. The body runs once; nothing here runs a step. */
import { HeddleError } from '../errors/heddle-error.ts';
import { exprOf } from './expr-of.ts';
import { makeRef, refInfo } from './make-ref.ts';
import { callerPlace } from './place.ts';
import { shared, type Draft, type OpenBlock, type Recording } from './recording.ts';
import { fieldsShape, listShape, unknownShape, type Shape } from './shape.ts';
import type { Block, Expr, PlanNode } from './types.ts';

export interface RecordedBlock {
  readonly block: Block;
  readonly shape: Shape;
  readonly ids: Map<string, string | null>;
}

/** The recording that is on; throws where a step is made outside of a body. */
export function recording(what: string): { readonly current: Recording; readonly top: OpenBlock } {
  const current = shared.current;
  const top = current?.open.at(-1);
  if (current && top) return { current, top };
  throw new HeddleError('HDL-OUTSIDE-PIPELINE', { what: `${what} was called outside a pipeline body.`, where: callerPlace() ?? undefined });
}

type NodeBody<N> = N extends PlanNode ? Omit<N, 'id' | 'after' | 'keep'> : never;
interface StepOptionsLike {
  readonly id?: string | undefined;
  readonly after?: unknown;
}

/** Records one node and gives a ref to its output. */
export function record(defaultId: string, body: NodeBody<PlanNode>, shape: Shape, options: StepOptionsLike = {}): { ref: object; node: Draft } {
  const { current, top } = recording(options.id ?? defaultId);
  const { places, problems } = current;
  const place = callerPlace();
  const id = options.id ?? defaultId;
  const taken = top.ids.get(id);
  if (taken !== undefined) {
    problems.push({ code: 'HDL-DUPLICATE-ID', what: `Two steps have the id "${id}": here and at ${taken ?? 'an unknown place'}.`, where: place });
  }
  if (!/^[^\s/#[\]$]{1,120}$/.test(id)) {
    problems.push({ code: 'HDL-BAD-NAME', what: `The id "${id}" cannot be used in step paths.`, where: place });
  }
  top.ids.set(id, taken ?? place);
  const after = options.after === undefined ? [] : stepIds(options.after);
  const node = { id, ...body, ...(after.length > 0 && { after }) } as unknown as Draft; // checked by the callers' NodeBody
  if (place !== null) places.set(node, place);
  top.nodes.push(node);
  return { ref: makeRef({ $ref: [id] }, { uses: [{ root: id, block: top }], shape }), node };
}

/** Ids of the steps that `after` names. */
function stepIds(after: unknown): string[] {
  const ids = new Set<string>();
  for (const item of Array.isArray(after) ? (after as unknown[]) : [after]) {
    const roots: string[] = [];
    collectRoots(exprOf(item), roots);
    const steps = roots.filter((root) => !root.startsWith('$'));
    if (steps.length === 0) {
      shared.current?.problems.push({ code: 'HDL-AFTER', what: 'after names a value that no step makes.', where: callerPlace() });
    }
    for (const root of steps) ids.add(root);
  }
  return [...ids];
}
function collectRoots(expr: Expr, out: string[]): void {
  if (expr === null || typeof expr !== 'object') return;
  if (!Array.isArray(expr) && '$ref' in expr) out.push(String((expr as { $ref: readonly string[] }).$ref[0]));
  else for (const part of Array.isArray(expr) ? expr : Object.values(expr)) collectRoots(part as Expr, out);
}

/** Runs a body in a block of its own, and gives its nodes and its result. */
export function recordBlock(
  label: string,
  body: (block: OpenBlock) => unknown,
  options: { scope?: boolean; ids?: Map<string, string | null>; parent?: OpenBlock | null } = {},
): RecordedBlock {
  const current = shared.current;
  if (!current) throw new HeddleError('HDL-OUTSIDE-PIPELINE', { what: `${label}() was called outside a pipeline body.`, where: callerPlace() ?? undefined });
  const parent = options.parent === undefined ? (current.open.at(-1) ?? null) : options.parent;
  const block: OpenBlock = { label, parent, depth: (parent?.depth ?? 0) + (options.scope ? 1 : 0), nodes: [], ids: options.ids ?? new Map(), outer: new Map() };
  current.open.push(block);
  try {
    const result = body(block);
    if (result instanceof Promise) throw asyncBody(label);
    const output = result === undefined ? null : exprOf(result);
    for (const [id] of block.outer) {
      const inner = block.ids.get(id);
      if (inner === undefined) continue;
      current.problems.push({
        code: 'HDL-DUPLICATE-ID',
        what: `The step "${id}" inside ${label} hides the one around it (at ${block.parent ? (placeOf(block.parent, id) ?? 'an unknown place') : '?'}), whose value is used there too.`,
        where: inner,
      });
    }
    return { block: { nodes: block.nodes as unknown as readonly PlanNode[], output }, shape: shapeOfValue(result), ids: block.ids };
  } finally {
    current.open.pop();
  }
}
function placeOf(from: OpenBlock, id: string): string | null {
  for (let at: OpenBlock | null = from; at; at = at.parent) if (at.ids.has(id)) return at.ids.get(id) ?? null;
  return null;
}

export const asyncBody = (label: string): HeddleError =>
  new HeddleError('HDL-ASYNC-BODY', { what: `The body of ${label} is async.`, where: callerPlace() ?? undefined });

/** Default id of a block: its kind and its first step. */
export const blockId = (kind: string, block: Block): string => (block.nodes[0] ? `${kind}:${block.nodes[0].id}` : kind);

/** The shape of what a body returns. */
export function shapeOfValue(value: unknown): Shape {
  const ref = refInfo(value);
  if (ref) return ref.shape;
  if (Array.isArray(value)) return listShape('array', () => shapeOfValue(value[0]));
  if (typeof value !== 'object' || value === null) return unknownShape;
  const given = value as Readonly<Record<string, unknown>>;
  return fieldsShape((name) => (Object.hasOwn(given, name) ? shapeOfValue(given[name]) : undefined));
}
