/** What the activities of one worker process share. */
import type { StepData, StepFiles } from '../activities/step/step-host.ts';
import type { TaskValue } from '../dsl/authoring/values.ts';
import type { ResolvedConfig } from '../config/resolved-config.ts';
import type { PublishCall, JoinItemsCall, ItemListHandle, ReadItemsCall, WriteItemsCall, WriteItemsResult } from '../dsl/contract/step.ts';
import type { Json } from '../dsl/plan/types.ts';
import type { CodeDigests } from './code-digests.ts';
import type { OtlpExporter } from './otlp-exporter.ts';
import type { EventPush } from './push.ts';
import type { RunningSteps } from './running-steps.ts';
import type { Secrets } from './secrets.ts';
import type { LaneGate } from './lane-gate.ts';
import type { SlotBudget } from './slot-budget.ts';
import type { WorkerMetrics } from './worker-metrics.ts';

/** The store as workers use it: step-storage.ts makes it of storage/. */
export interface WorkerStorage {
  readonly files: StepFiles;
  readonly data: StepData;
  publish(call: PublishCall): Promise<Json>;
  readItems(call: ReadItemsCall): Promise<readonly Json[]>;
  writeItems(call: WriteItemsCall): Promise<WriteItemsResult>;
  joinItems(call: JoinItemsCall): Promise<ItemListHandle>;
}

export interface WorkerParts {
  readonly config: ResolvedConfig;
  readonly pool: string;
  readonly worker: string;
  /** 'name@version' -> task. */
  readonly tasks: ReadonlyMap<string, TaskValue>;
  readonly digests: CodeDigests;
  readonly storage: WorkerStorage;
  readonly secrets: Secrets;
  readonly push: EventPush;
  readonly metrics: WorkerMetrics;
  readonly steps: RunningSteps;
  /** null: no variables of OpenTelemetry ask for spans. */
  readonly traces: OtlpExporter | null;
  /** null: each class has slots of its own. Its classes are laneClass(class, lane). */
  readonly budget: SlotBudget | null;
  /** Class -> who may run in its slots. */
  readonly gates: ReadonlyMap<string, LaneGate>;
}
