/** The API's client: typed by dsl/contract/api.ts, over fetch. Errors of the server come back as the HeddleError they were. */
import type { GcReport } from '../../api/gc/collect-garbage.ts';
import type { LineageGraph } from '../../api/lineage/trace.ts';
import type { ModelView, VersionView } from '../../api/models/model-view.ts';
import type { RolledBack } from '../../api/models/rollback-model.ts';
import type { PartitionRollback } from '../../api/partitions/rollback-partition.ts';
import type { Applied } from '../../api/deployments/apply-plans.ts';
import type { ScheduleDetail, ScheduleView } from '../../api/schedules/schedule-view.ts';
import type { Alert } from '../../catalog/alerts.ts';
import type { Deployment } from '../../catalog/deployments.ts';
import type { DeadCell } from '../../api/backfills/control-backfill.ts';
import type { BackfillRow } from '../../catalog/backfills.ts';
import type { PartitionList } from '../../api/routes/partitions.ts';
import type { AliasChange, ModelEntry, ModelVersion } from '../../catalog/models.ts';
import type { AttemptRecord, DoctorCheck, Explanation, LogLine, OpenGate, Page, RunDetail, RunSummary, StartRun, WorkerHello } from '../../dsl/contract/api.ts';
import type { StepRecord } from '../../dsl/contract/run.ts';
import type { Json, JsonObject, Plan } from '../../dsl/plan/types.ts';
import type { ResolvedConfig } from '../../config/resolved-config.ts';
import { createRequest } from './request.ts';

export interface RunFilter {
  readonly pipeline?: string;
  readonly status?: string;
  readonly partition?: string;
  readonly backfill?: string;
  readonly limit?: number;
  readonly cursor?: string;
}

/** As the API gives it. */
export type BackfillView = BackfillRow;

export function createClient(config: ResolvedConfig) {
  const request = createRequest(config);
  const run = (runId: string, rest = ''): string => `/runs/${encodeURIComponent(runId)}${rest}`;
  const model = (name: string, rest = ''): string => `/models/${encodeURIComponent(name)}${rest}`;
  const control =
    (verb: string) =>
    (runId: string, body: JsonObject = {}): Promise<RunSummary> =>
      request('POST', run(runId, `/${verb}`), { body });
  return {
    url: config.server.url,
    putPlan: (plan: Plan, hash: string): Promise<{ hash: string }> => request('POST', '/plans', { body: { plan, hash } }),
    startRun: (body: StartRun): Promise<RunSummary> => request('POST', '/runs', { body }),
    planBackfill: (body: JsonObject): Promise<BackfillView> => request('POST', '/backfills', { body }),
    backfills: (query: { readonly pipeline?: string; readonly limit?: number } = {}): Promise<{ items: readonly BackfillView[] }> =>
      request('GET', '/backfills', { query: { ...query } }),
    backfill: (id: string): Promise<BackfillView> => request('GET', `/backfills/${encodeURIComponent(id)}`),
    startBackfill: (id: string, confirm?: number): Promise<BackfillView> =>
      request('POST', `/backfills/${encodeURIComponent(id)}/start`, { body: { ...(confirm !== undefined && { confirm }) } }),
    controlBackfill: (id: string, verb: 'pause' | 'resume' | 'cancel' | 'redo', body: JsonObject = {}): Promise<BackfillView> =>
      request('POST', `/backfills/${encodeURIComponent(id)}/${verb}`, { body }),
    deadCells: (id: string, limit = 1_000): Promise<{ items: readonly DeadCell[] }> =>
      request('GET', `/backfills/${encodeURIComponent(id)}/dead`, { query: { limit } }),
    apply: (body: JsonObject): Promise<Applied> => request('POST', '/deployments', { body }),
    applyVersion: (version: number, body: JsonObject): Promise<Applied> => request('POST', `/deployments/${version}/apply`, { body }),
    deployments: (limit: number): Promise<{ items: readonly Deployment[] }> => request('GET', '/deployments', { query: { limit } }),
    schedules: (): Promise<{ items: readonly ScheduleView[] }> => request('GET', '/schedules'),
    schedule: (pipeline: string, count: number): Promise<ScheduleDetail> => request('GET', `/schedules/${encodeURIComponent(pipeline)}`, { query: { count } }),
    pauseSchedule: (pipeline: string, verb: 'pause' | 'resume', body: JsonObject): Promise<ScheduleView> =>
      request('POST', `/schedules/${encodeURIComponent(pipeline)}/${verb}`, { body }),
    alerts: (query: { readonly all: string; readonly limit: number }): Promise<{ items: readonly Alert[] }> => request('GET', '/alerts', { query }),
    runs: (filter: RunFilter = {}): Promise<Page<RunSummary>> => request('GET', '/runs', { query: { ...filter } }),
    run: (runId: string): Promise<RunDetail> => request('GET', run(runId)),
    steps: (runId: string, cursor: string): Promise<Page<StepRecord>> => request('GET', run(runId, '/steps'), { query: { cursor, limit: 1000 } }),
    wait: (runId: string, timeoutMs: number): Promise<RunSummary> => request('GET', run(runId, '/wait'), { query: { timeoutMs } }),
    explain: (runId: string, step: string): Promise<Explanation> => request('GET', run(runId, '/explain'), { query: { step } }),
    logs: (
      runId: string,
      query: { readonly step: string; readonly retry?: number; readonly attempt?: number; readonly after?: number },
    ): Promise<Page<LogLine>> => request('GET', run(runId, '/logs'), { query }),
    attempts: (runId: string, step?: string): Promise<{ items: readonly AttemptRecord[] }> => request('GET', run(runId, '/attempts'), { query: { step } }),
    plan: (runId: string): Promise<Plan | null> => request('GET', run(runId, '/plan')),
    cancel: control('cancel'),
    pause: control('pause'),
    resume: control('resume'),
    retry: control('retry'),
    answer: (runId: string, body: { readonly step: string; readonly approved: boolean; readonly note?: string }): Promise<RunSummary> =>
      request('POST', run(runId, '/answer'), { body }),
    event: (runId: string, event: string, payload: Json): Promise<RunSummary> => request('POST', run(runId, '/events'), { body: { event, payload } }),
    approvals: (): Promise<Page<OpenGate>> => request('GET', '/approvals'),
    workers: (): Promise<{ workers: readonly WorkerHello[] }> => request('GET', '/workers'),
    models: (): Promise<{ models: readonly ModelEntry[] }> => request('GET', '/models'),
    model: (name: string): Promise<ModelView> => request('GET', model(name)),
    modelVersion: (name: string, tag: string): Promise<VersionView> => request('GET', model(name, `/versions/${encodeURIComponent(tag)}`)),
    promote: (name: string, body: object): Promise<AliasChange> => request('POST', model(name, '/promote'), { body }),
    rollback: (name: string, body: object): Promise<RolledBack> => request('POST', model(name, '/rollback'), { body }),
    importModel: (name: string, body: object): Promise<ModelVersion> => request('POST', model(name, '/import'), { body }),
    partitions: (dataset: string, query: { readonly from?: string; readonly to?: string }): Promise<PartitionList> =>
      request('GET', `/partitions/${encodeURIComponent(dataset)}`, { query }),
    rollbackPartition: (dataset: string, body: object): Promise<PartitionRollback> =>
      request('POST', `/partitions/${encodeURIComponent(dataset)}/rollback`, { body }),
    gc: (dryRun: boolean): Promise<GcReport> => request('POST', '/gc', { body: { dryRun }, timeoutMs: 900_000 }),
    lineage: (query: { readonly of: string; readonly direction: string; readonly depth?: number }): Promise<LineageGraph> =>
      request('GET', '/lineage', { query }),
    rebuildCatalog: (): Promise<{ runs: number; models: number; bad: number }> => request('POST', '/catalog/rebuild', { body: {} }),
    doctor: (): Promise<{ checks: readonly DoctorCheck[] }> => request('GET', '/doctor'),
    health: (): Promise<{ ok: boolean; project: string }> => request('GET', '/health'),
  };
}
export type Client = ReturnType<typeof createClient>;
