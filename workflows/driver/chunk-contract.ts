/** What a run and the chunk of one of its list maps say to each other. Pure types and one name. Sandbox. */
import type { Json, MapNode, Skeleton, TaskRules } from '../../dsl/plan/types.ts';
import type { PartitionScope, RunLimits } from '../../dsl/contract/run.ts';
import type { ItemListHandle } from '../../dsl/contract/step.ts';
import type { SchedulerEvent } from '../scheduler/messages.ts';
import type { ReportTo } from './child-contract.ts';
import type { RunMarks } from './run-context.ts';

/** Workflow type of a chunk. */
export const CHUNK_WORKFLOW = 'heddle.map';

export interface ChunkInput {
  readonly project: string;
  readonly runId: string;
  readonly pipeline: string;
  readonly planHash: string;
  readonly tasks: Readonly<Record<string, TaskRules>>;
  readonly calls: Skeleton['calls'];
  readonly partition: PartitionScope | null;
  /** 'scores[500..999]': the chunk's path in the run. */
  readonly step: string;
  /** The map, and the maps fused behind it. */
  readonly maps: readonly MapNode[];
  readonly list: ItemListHandle;
  readonly page: number;
  readonly firstIndex: number;
  /** Items in flight in this chunk. */
  readonly parallel: number;
  /** Values that the bodies use from outside. */
  readonly roots: Readonly<Record<string, Json>>;
  /** Task queue of the workers that read and write its pages. */
  readonly queue: string;
  readonly limits: RunLimits;
  /** Left out: a first try, and results of other runs may be used. */
  readonly marks?: RunMarks;
  /** Left out by older interpreters, which wait for the chunk's end instead. */
  readonly reportTo?: ReportTo;
  /** Set by continue-as-new only. */
  readonly carry?: Json;
}

export interface ChunkOutput {
  readonly results: Extract<SchedulerEvent, { type: 'chunk-done' }>['results'];
}
