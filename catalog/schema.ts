/**
 * Tables of the catalog, as Kysely sees them. JSON lies in text columns, times are ms since the epoch, booleans are 0 and 1,
 * so that SQLite and PostgreSQL give the same values. Made by migrations.ts; only catalog/ reads this.
 */
import type { Generated } from 'kysely';

export interface PlansTable {
  hash: string;
  project: string;
  name: string;
  owner: string | null;
  plan: string;
  created_at: number;
  created_by: string;
}

export interface RunsTable {
  run_id: string;
  project: string;
  pipeline: string;
  /** Dimensions joined: '2001-03-01|en'. */
  partition: string | null;
  /** PartitionScope as JSON. */
  scope: string | null;
  plan_hash: string;
  params: string;
  /** RunStatus, or 'starting' while the workflow is not known to run. */
  status: string;
  started_by: string;
  created_at: number;
  /** When the present try's row was written: the reconciler looks at it. */
  touched_at: number;
  started_at: number | null;
  ended_at: number | null;
  workflow_id: string;
  /** 0 for the first workflow, then one more a retry. */
  retry: number;
  parent_run_id: string | null;
  parent_step: string | null;
  /** 1 when the run is a child workflow of its parent (a called pipeline), which the server does not start itself. */
  called: number;
  backfill: string | null;
  /** 0: no step takes the result of another run. */
  cache: Generated<number>;
  /** The run whose finished steps this one began with. */
  reuse_of: Generated<string | null>;
  counts: string;
  failure: string | null;
  failures: string;
  abandoned: string;
  output: string;
}
export interface StepsTable {
  run_id: string;
  step: string;
  /** Order of first appearance in the run. */
  seq: number;
  kind: string;
  task: string | null;
  version: string | null;
  status: string;
  waiting_for: string | null;
  queued_at: number | null;
  started_at: number | null;
  ended_at: number | null;
  attempts: number;
  failure: string | null;
  worker: string | null;
  run_ms: number | null;
  wait_ms: number;
  output: string;
  meta: string | null;
}
export interface AttemptsTable {
  run_id: string;
  step: string;
  /** 0: the first try of the run. */
  retry: number;
  attempt: number;
  worker: string | null;
  started_at: number | null;
  ended_at: number | null;
  failure: string | null;
  observed: number;
}
export interface RunPagesTable {
  run_id: string;
  retry: number;
  page: string;
  at: number;
}
export interface KeysTable {
  project: string;
  pipeline: string;
  key: string;
  digest: string;
  run_id: string;
  created_at: number;
}
export interface WaitsTable {
  run_id: string;
  step: string;
  project: string;
  workflow_id: string;
  plan_hash: string;
  kind: string;
  /** WatchCall.on as JSON. */
  detail: string;
  since: number;
  deadline: number;
  why: string | null;
  satisfied_at: number | null;
  value: string | null;
  sent_at: number | null;
  sends: number;
}
export interface PinsTable {
  run_id: string;
  request: string;
  value: string;
  at: number;
}
export interface ModelsTable {
  project: string;
  name: string;
  created_at: number;
}
export interface ModelVersionsTable {
  project: string;
  name: string;
  version: number;
  uri: string;
  digest: string;
  details: string;
  run_id: string;
  step: string;
  created_at: number;
}
export interface AliasesTable {
  project: string;
  name: string;
  alias: string;
  version: number;
  changed_at: number;
  changed_by: string;
}
export interface AliasHistoryTable {
  id: string;
  project: string;
  name: string;
  alias: string;
  from_version: number | null;
  to_version: number;
  changed_by: string;
  at: number;
  run_id: string | null;
  step: string | null;
  note: string | null;
}
export interface LineageTable {
  project: string;
  run_id: string;
  /** '' for what the run as a whole was given. */
  step: string;
  io: 'in' | 'out';
  kind: string;
  name: string;
  version: string;
  digest: string;
  at: number;
}
export interface RunLineageTable {
  run_id: string;
  retry: number;
  at: number;
}
export interface OutboxTable {
  id: string;
  project: string;
  target: string;
  /** In this order. */
  seq: string;
  body: string;
  created_at: number;
  sent_at: number | null;
  /** Why it will never be sent. */
  failure: string | null;
}
export interface AuditTable {
  id: string;
  project: string;
  at: number;
  who: string;
  action: string;
  target: string;
  detail: string;
}
export interface WorkersTable {
  worker: string;
  project: string;
  hello: string;
  seen_at: number;
}
export interface StepEventsTable {
  run_id: string;
  step: string;
  retry: number;
  attempt: number;
  kind: string;
  at: number;
  detail: string;
}
/** Generations of partitions: a number for each publish that the server let begin. */
export interface PublicationsTable {
  project: string;
  /** Root of the dataset, resolved. */
  uri: string;
  /** 'day=2001-03-01'. */
  path: string;
  generation: number;
  dataset: string;
  /** 'publish' or 'rollback'. */
  kind: string;
  run_id: string | null;
  step: string | null;
  /** What was to be put in place. */
  staging: string;
  /** Digest of its manifest. */
  manifest: string;
  rows: number;
  bytes: number;
  issued_at: number;
  /** null while it is not known to be in place. */
  published_at: number | null;
  who: string | null;
  note: string | null;
}
export interface ChoresTable {
  id: string;
  project: string;
  /** 'webhook', 'staging'. */
  kind: string;
  detail: string;
  created_at: number;
  due_at: number;
  tries: number;
  done_at: number | null;
  /** Why it was given up. */
  failure: string | null;
}
export interface BackfillsTable {
  id: string;
  project: string;
  pipeline: string;
  /** BackfillState. */
  state: string;
  /** BackfillSpec as JSON. */
  spec: string;
  /** Counts by reason, estimate: as the planner showed it. */
  summary: string;
  /** Digest over all that the plan was made from: equal when nothing has changed. */
  fingerprint: string;
  /** Cells to run. */
  cells: number;
  created_at: number;
  created_by: string;
  /** A plan that was not started by then cannot be. */
  expires_at: number;
  started_at: number | null;
  ended_at: number | null;
  /** The backfill whose dead list this one takes. */
  redo_of: string | null;
  /** Cells that ended so. */
  done: Generated<number>;
  failed: Generated<number>;
  cancelled: Generated<number>;
  blocked: Generated<number>;
  /** That its steps have held slots. */
  slot_ms: Generated<number>;
  /** Failures since the last cell that was done. */
  in_a_row: Generated<number>;
  /** What was spent when it was last resumed, as JSON: budgets begin anew. */
  since: Generated<string | null>;
  /** Why it is paused or was cancelled. */
  why: string | null;
  /** What was expected beside what happened, and the reconciliation with the store, as JSON. */
  report: string | null;
}
export interface BackfillPagesTable {
  backfill: string;
  page: number;
  pipeline: string;
  plan_hash: string;
  /** Page numbers as JSON. */
  after: string;
  first_cell: number;
  count: number;
  /** PlannedCell[] as JSON. */
  cells: string;
  /** Cells of the page that have an outcome. */
  ended: Generated<number>;
}
export interface BackfillOutcomesTable {
  backfill: string;
  cell: number;
  /** CellStatus. */
  status: string;
  run_id: string | null;
  failure: string | null;
  started_at: number | null;
  ended_at: number | null;
  slot_ms: string | null;
}
export interface PartitionDatasetsTable {
  id: number;
  project: string;
  /** Root of the dataset, resolved. */
  uri: string;
}
/** '' stands for null. */
export interface PartitionProducersTable {
  id: number;
  task: string;
  version: string;
  code_digest: string;
}
export interface PartitionStatesTable {
  dataset: number;
  path: string;
  generation: number;
  /** SHA-256 of the manifest in base64url. */
  manifest: string | null;
  producer: number;
  made_by: string | null;
  published_at: number;
  pinned_at: number;
  rows: number;
  bytes: number;
}
export interface DeploymentsTable {
  project: string;
  /** From 1. */
  version: number;
  /** Pipeline -> plan hash, as JSON. */
  plans: string;
  at: number;
  who: string;
  note: string | null;
}
export interface SchedulesTable {
  project: string;
  pipeline: string;
  /** ScheduleDef as JSON. */
  definition: string;
  /** The next tick: its nominal time, and when it is due with spread and jitter. null: never again. */
  next_nominal: number | null;
  next_at: number | null;
  paused_at: number | null;
  paused_by: string | null;
  note: string | null;
}
export interface TicksTable {
  project: string;
  pipeline: string;
  nominal: number;
  /** 'due', 'started', 'skipped', 'missed'. */
  state: string;
  due_at: number;
  started_at: number | null;
  /** Run ids as JSON. */
  runs: string;
  why: string | null;
}
export interface TriggerEventsTable {
  /** In the order of their coming. */
  id: string;
  project: string;
  /** 'published', 'ended', 'alias', 'path'. */
  kind: string;
  /** Dataset, pipeline, model@alias, address. */
  subject: string;
  key: string | null;
  /** Grows with each change of the subject's key. */
  version: number;
  detail: string;
  at: number;
}
export interface TriggerTargetsTable {
  project: string;
  pipeline: string;
  /** '' for a pipeline without partitions. */
  key: string;
  /** The newest that was heard of, and the newest that a run was started for. */
  version: number;
  started: number;
  due_at: number | null;
  why: string;
  run_id: string | null;
}
export interface AlertsTable {
  project: string;
  /** One alert is open for a cause. */
  cause: string;
  /** 'deadline', 'fresh'. */
  kind: string;
  detail: string;
  opened_at: number;
  resolved_at: number | null;
}
export interface SchemaVersionTable {
  version: number;
  at: number;
}

export interface CatalogSchema {
  plans: PlansTable;
  runs: RunsTable;
  steps: StepsTable;
  attempts: AttemptsTable;
  run_pages: RunPagesTable;
  keys: KeysTable;
  waits: WaitsTable;
  pins: PinsTable;
  models: ModelsTable;
  model_versions: ModelVersionsTable;
  aliases: AliasesTable;
  alias_history: AliasHistoryTable;
  lineage: LineageTable;
  run_lineage: RunLineageTable;
  outbox: OutboxTable;
  audit: AuditTable;
  workers: WorkersTable;
  step_events: StepEventsTable;
  chores: ChoresTable;
  publications: PublicationsTable;
  backfills: BackfillsTable;
  backfill_pages: BackfillPagesTable;
  backfill_outcomes: BackfillOutcomesTable;
  partition_datasets: PartitionDatasetsTable;
  partition_producers: PartitionProducersTable;
  partition_states: PartitionStatesTable;
  deployments: DeploymentsTable;
  schedules: SchedulesTable;
  ticks: TicksTable;
  trigger_events: TriggerEventsTable;
  trigger_targets: TriggerTargetsTable;
  alerts: AlertsTable;
  heddle_schema: SchemaVersionTable;
}
