/** What the compiler and its two child processes tell each other. Plain data. */
import type { PoolConfig } from '../dsl/config.ts';
import type { Plan } from '../dsl/plan/types.ts';
import type { Problem } from './problem.ts';

export interface CompileRequest {
  /** Absolute, without symbolic links. */
  readonly folder: string;
  readonly globs: readonly string[];
  readonly pools: Readonly<Record<string, PoolConfig>>;
  /** Pipelines wanted, with all that they call; null: every one. */
  readonly only: readonly string[] | null;
  /** How far this child's clock is moved. */
  readonly shiftMs: number;
  /** True in the child that looks for refs in conditions. */
  readonly watch: boolean;
}

export interface CompiledPlan {
  readonly plan: Plan;
  readonly hash: string;
}
/** Where a task is declared, for its digest. */
export interface TaskSource {
  readonly name: string;
  readonly version: string;
  /** Absolute. */
  readonly file: string;
  readonly exportName: string | null;
  /** 'file:line:column', absolute. */
  readonly place: string | null;
  /** argv of a command task. */
  readonly command: readonly string[] | null;
}
export interface PipelineSource {
  readonly name: string;
  readonly file: string;
  readonly exportName: string | null;
  readonly place: string | null;
}
export interface CompileAnswer {
  readonly kind: 'answer';
  readonly problems: readonly Problem[];
  /** Refs used as conditions; only from the child that watches. */
  readonly watched: readonly { readonly problem: Problem; readonly pipeline: string }[];
  readonly plans: readonly (readonly [name: string, compiled: CompiledPlan])[];
  readonly tasks: readonly TaskSource[];
  readonly files: readonly string[];
  /** All pipelines of the project, compiled or not. */
  readonly pipelines: readonly PipelineSource[];
}
/** Sent before each file and body, so that a child that ends early can be explained. */
export interface CompileProgress {
  readonly kind: 'at';
  readonly what: string;
}
export type ChildMessage = CompileAnswer | CompileProgress;
