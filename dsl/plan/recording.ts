/**
 * The state of a body while it is recorded. One per process and shared by all copies of this module (the author's `heddle`
 * and the compiler's may be two), hence the global slot. Plan building only.
 */
import type { Dataset } from '../authoring/dataset.ts';
import type { PipelineValue, TaskValue } from '../authoring/values.ts';
import type { Problem } from './problem.ts';
import type { Shape } from './shape.ts';
import type { z } from 'zod';
import type { Block, Expr, PlanNode } from './types.ts';

/** A node under construction: otherwise() adds an arm to a branch that is recorded already. */
export type Draft = { -readonly [K in keyof PlanNode]: PlanNode[K] } & { [key: string]: unknown };

export interface OpenBlock {
  /** For messages: the block's kind, or the pipeline's name. */
  readonly label: string;
  readonly parent: OpenBlock | null;
  /** Map and loop scopes around it. */
  readonly depth: number;
  readonly nodes: Draft[];
  /** Ids taken, with their places; both arms of a branch share one table. */
  readonly ids: Map<string, string | null>;
  /** Ids of steps around it that refs in it lead to. */
  readonly outer: Map<string, OpenBlock>;
}

export interface Recording {
  readonly pipeline: PipelineValue;
  readonly tasks: Map<string, TaskValue>;
  readonly datasets: Set<Dataset>;
  readonly events: Map<string, z.ZodType>;
  readonly calls: Map<string, PipelineValue>;
  /** Place of each node; its path is known only when the blocks around it have their ids. */
  readonly places: WeakMap<object, string>;
  readonly problems: Problem[];
  readonly open: OpenBlock[];
  always: Block | null;
  body: Block | null;
  output: Shape;
}

/** A step (or item, state) that an expression leads to, and the block that made it. */
export interface Use {
  readonly root: string;
  readonly block: OpenBlock;
}
export interface RefInfo {
  readonly expr: Expr;
  /** Empty for params and the like, which may be used anywhere in the pipeline. */
  readonly uses: readonly Use[];
  readonly shape: Shape;
  /** The pipeline's own partition, or its neighbour: no value, but its fields are. */
  readonly partition?: true;
}

interface Shared {
  current: Recording | null;
  readonly refs: WeakMap<object, RefInfo>;
  /** Every pipeline() of this process, exported or not: the compiler looks for those that nobody exports. */
  readonly declared: PipelineValue[];
}
const slot = Symbol.for('heddle.recording');
const holder = globalThis as unknown as { [slot]?: Shared }; // the one place where a global is right: see above
export const shared: Shared = (holder[slot] ??= { current: null, refs: new WeakMap(), declared: [] });
