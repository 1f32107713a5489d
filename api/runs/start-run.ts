/** Starts a run as somebody asked: checks everything first, then one transaction in the catalog, then the workflow. Server only. */
import { addAudit } from '../../catalog/audit.ts';
import { newId } from '../../catalog/ids.ts';
import { claimKey } from '../../catalog/keys.ts';
import { getPlan, planNames, putPlan } from '../../catalog/plans.ts';
import { addRun, getRun, summaryOf, type NewRun } from '../../catalog/runs.ts';
import { takeOver } from '../../catalog/steps.ts';
import type { RunSummary, StartRun } from '../../dsl/contract/api.ts';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import type { Json, Plan } from '../../dsl/plan/types.ts';
import { digestOf, planHashOf } from '../../storage/digest.ts';
import type { Identity } from '../auth/tokens.ts';
import { closestName } from '../../config/closest-name.ts';
import type { ServerParts } from '../server-parts.ts';
import { checkDatasets } from './check-datasets.ts';
import { checkParams } from './check-params.ts';
import { checkPartition } from './check-partition.ts';
import { partOfPlan } from './part-of-plan.ts';
import { stepsToReuse } from './reuse-run.ts';
import { startWorkflow } from './start-workflow.ts';
import { workflowIdFor } from './workflow-id.ts';

/** Throws HDL-NO-PIPELINE, HDL-NO-PLAN, HDL-BAD-PARAMS, HDL-BAD-PARTITION, HDL-KEY-REUSED, HDL-NO-STEP, HDL-REUSE, HDL-BAD-URI; then nothing was started. */
export async function startRun(parts: ServerParts, who: Identity, body: StartRun, options: { readonly keyOnly?: boolean } = {}): Promise<RunSummary> {
  const { catalog, config } = parts;
  const whole = await planOf(parts, body.pipeline, body.planHash);
  const part = body.part && partOfPlan(whole, body.part);
  const plan = part?.plan ?? whole;
  checkDatasets(parts.store, plan);
  const planHash = plan === whole ? body.planHash : planHashOf(plan);
  const params = checkParams(plan, body.params);
  const scope = checkPartition(plan, body.partition);
  const now = Date.now();
  const runId = newId();
  const partition = scope?.key ?? null;
  const reuse = body.part?.reuse;
  const taken = part && reuse !== undefined ? await stepsToReuse(parts, { reuse, part, params, partition }) : [];
  const run: NewRun = {
    runId,
    project: config.project,
    pipeline: plan.name,
    partition,
    scope,
    planHash,
    params,
    startedBy: who.name,
    createdAt: now,
    workflowId: workflowIdFor(config.project, plan.name, partition, runId),
    parent: null,
    called: false,
    backfill: null,
    cache: body.cache ?? true,
    reuseOf: reuse ?? null,
  };
  const holder = await catalog.transaction(async (trx) => {
    if (body.key !== undefined) {
      // of a schedule or trigger the key alone says which run it is: a newer plan gives no second one
      const digest = options.keyOnly
        ? 'key'
        : digestOf({ planHash, params, partition: body.partition, ...(reuse !== undefined && { reuse, from: body.part?.from ?? null }) } as Json); // JSON all through
      const owner = await claimKey(trx, { project: config.project, pipeline: plan.name, key: body.key, digest, runId, at: now });
      if (owner !== runId) return owner;
    }
    if (plan !== whole) await putPlan(trx, { project: config.project, hash: planHash, plan, by: who.name, at: now });
    await addRun(trx, run);
    await takeOver(trx, runId, taken);
    await addAudit(trx, {
      project: config.project,
      at: now,
      who: who.name,
      action: 'run',
      target: runId,
      detail: { pipeline: plan.name, partition, planHash, key: body.key ?? null, ...(body.part && { part: { ...body.part } }) },
    });
    return runId;
  });
  const row = await getRun(catalog.db, holder);
  if (!row) throw new HeddleError('HDL-NO-RUN', { what: `The key "${body.key ?? ''}" belongs to run ${holder}, which is no longer in the catalog.` });
  if (holder !== runId) return { ...summaryOf(row), existed: true };
  await startWorkflow(parts, row);
  return summaryOf((await getRun(catalog.db, runId)) ?? row);
}

/** The stored plan of a pipeline. Throws HDL-NO-PLAN, HDL-NO-PIPELINE. */
export async function planOf(parts: ServerParts, pipeline: string, planHash: string): Promise<Plan> {
  const plan = await getPlan(parts.catalog.db, planHash);
  if (plan?.name === pipeline) return plan;
  const names = await planNames(parts.catalog.db, parts.config.project);
  if (plan || !names.includes(pipeline)) {
    const near = closestName(pipeline, names);
    throw new HeddleError('HDL-NO-PIPELINE', {
      what: plan
        ? `The plan ${planHash} is of pipeline ${plan.name}, not of ${pipeline}.`
        : `No plan of a pipeline "${pipeline}" was ever sent to this server.${near === undefined ? '' : ` Did you mean "${near}"?`}`,
    });
  }
  throw new HeddleError('HDL-NO-PLAN', { what: `The server does not hold the plan ${planHash} of ${pipeline}.`, where: `pipeline ${pipeline}` });
}
