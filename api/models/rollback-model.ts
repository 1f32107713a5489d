/**
 * Takes a model back by one command: the alias goes to the version before, and every pipeline that was last run with the
 * version that goes (scoring, prewarming) runs again with the one that comes back. What still runs with it is cancelled first,
 * since it would publish or serve it afterwards. Server only.
 */
import { addAudit } from '../../catalog/audit.ts';
import { aliasHistory, findModel, handleOf, type AliasChange, type ModelVersion } from '../../catalog/models.ts';
import { listRuns, type RunRow } from '../../catalog/runs.ts';
import type { RunSummary } from '../../dsl/contract/api.ts';
import { HeddleError, isHeddleError } from '../../dsl/errors/heddle-error.ts';
import type { Json, JsonObject } from '../../dsl/plan/types.ts';
import type { Identity } from '../auth/tokens.ts';
import { cancelRun } from '../runs/cancel-run.ts';
import { partitionKeys } from '../runs/check-partition.ts';
import { isOver } from '../runs/run-detail.ts';
import { planOf, startRun } from '../runs/start-run.ts';
import type { ServerParts } from '../server-parts.ts';
import { versionBefore } from './alias-history.ts';
import { requireModel } from './model-view.ts';
import { changeAlias } from './move-alias.ts';

export interface Rollback {
  readonly name: string;
  readonly alias: string;
  /** Left out: the version that stood there before. */
  readonly to?: string | undefined;
  readonly note?: string | undefined;
  /** False: only the alias moves. */
  readonly handOver: boolean;
}
export interface RolledBack {
  readonly change: AliasChange;
  /** Runs with the version that went, which were told to stop. */
  readonly cancelled: readonly string[];
  /** Runs with the version that came back. */
  readonly started: readonly RunSummary[];
  /** Pipelines that could not be started again, and why. */
  readonly failed: readonly { readonly pipeline: string; readonly why: string }[];
}
/** So many of the newest runs are looked at. */
const LOOK_BACK = 1_000;

/** Throws HDL-NO-MODEL, HDL-NO-EARLIER, HDL-ALIAS-MOVED. */
export async function rollbackModel(parts: ServerParts, who: Identity, { name, alias, to, note, handOver }: Rollback): Promise<RolledBack> {
  const { project } = parts.config;
  const present = await requireModel(parts, `${name}@${alias}`);
  const target = await targetOf(parts, present, alias, to);
  const at = Date.now();
  const change = await changeAlias(parts, { project, name, alias, to: target.version, expect: present.version, by: who.name, at, note });
  const runs = handOver ? await runsWith(parts, present) : [];
  const cancelled: string[] = [];
  for (const run of runs.filter((one) => !isOver(one))) {
    await cancelRun(parts, who, run, { reason: `rollback of ${name} to version ${target.version}` }).catch((error: unknown) => {
      parts.log.warn({ runId: run.runId, error: String(error) }, 'a run with the withdrawn model could not be cancelled');
    });
    cancelled.push(run.runId);
  }
  const started: RunSummary[] = [];
  const failed: { pipeline: string; why: string }[] = [];
  for (const run of newestOfEach(runs)) {
    try {
      started.push(await startAgain(parts, who, run, present, target, `rollback/${name}/${alias}/${change.at}`));
    } catch (error) {
      if (!isHeddleError(error)) throw error;
      failed.push({ pipeline: run.pipeline, why: error.what });
    }
  }
  await addAudit(parts.catalog.db, {
    project,
    at,
    who: who.name,
    action: 'rollback',
    target: `model:${name}@${target.version}`,
    detail: { alias, from: present.version, note: note ?? null, cancelled, started: started.map(({ runId }) => runId) },
  });
  return { change, cancelled, started, failed };
}

async function targetOf(parts: ServerParts, present: ModelVersion, alias: string, to: string | undefined): Promise<ModelVersion> {
  if (to !== undefined) return requireModel(parts, `${present.name}@${to}`);
  const { project } = parts.config;
  const history = (await aliasHistory(parts.catalog.db, project, present.name)).filter((change) => change.alias === alias);
  const before = versionBefore(history);
  const found = before === null ? undefined : await findModel(parts.catalog.db, project, `${present.name}@${before}`);
  if (found) return found;
  throw new HeddleError('HDL-NO-EARLIER', { what: `${present.name}@${alias} is version ${present.version}, and no other version stood there before it.` });
}

/** Newest first: runs that were started, not called, with this very version in their parameters. */
async function runsWith(parts: ServerParts, model: ModelVersion): Promise<RunRow[]> {
  const found: RunRow[] = [];
  let cursor: string | undefined;
  for (let seen = 0; seen < LOOK_BACK;) {
    const page = await listRuns(parts.catalog.db, { project: parts.config.project, limit: 200, cursor });
    found.push(...page.items.filter((run) => !run.called && withModel(run.params, model, null) !== run.params));
    seen += page.items.length;
    if (page.next === null) break;
    cursor = page.next;
  }
  return found;
}

const newestOfEach = (runs: readonly RunRow[]): RunRow[] => runs.filter((run, i) => runs.findIndex(({ pipeline }) => pipeline === run.pipeline) === i);

async function startAgain(parts: ServerParts, who: Identity, run: RunRow, from: ModelVersion, to: ModelVersion, key: string): Promise<RunSummary> {
  const plan = await planOf(parts, run.pipeline, run.planHash);
  return startRun(parts, who, {
    pipeline: run.pipeline,
    planHash: run.planHash,
    params: withModel(run.params, from, handleOf(to) as unknown as Json), // a handle is plain JSON
    partition: run.scope && partitionKeys(plan, run.scope as unknown as JsonObject), // a scope is JSON too
    key,
  });
}

/** The same value with each handle of the version replaced; the very same object where there is none. */
function withModel(value: Json, model: ModelVersion, put: Json): Json {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const items = value as readonly Json[]; // an array of JSON
    const made = items.map((item) => withModel(item, model, put));
    return made.some((item, i) => item !== items[i]) ? made : value;
  }
  const object = value as JsonObject; // an object and no array
  if (object['kind'] === 'model' && object['name'] === model.name && object['version'] === model.version) return put;
  const entries = Object.entries(object).map(([key, inner]) => [key, withModel(inner, model, put)] as const);
  return entries.some(([key, inner]) => inner !== object[key]) ? Object.fromEntries(entries) : value;
}
