/** heddle apply: makes plans the current ones, with their schedules and triggers; shows the difference first. Server only. */
import { addAudit } from '../../catalog/audit.ts';
import { addDeployment, currentDeployment, getDeployment, type Deployment } from '../../catalog/deployments.ts';
import { getPlan } from '../../catalog/plans.ts';
import { getSchedule, putSchedule, removeSchedule } from '../../catalog/schedules.ts';
import { delayOf, nominalAfter } from '../../calendar/schedule-ticks.ts';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import { canonicalJson } from '../../dsl/plan/canonical-json.ts';
import type { Json, Plan, ScheduleDef } from '../../dsl/plan/types.ts';
import type { Identity } from '../auth/tokens.ts';
import type { ServerParts } from '../server-parts.ts';

export interface DeploymentChange {
  readonly pipeline: string;
  readonly change: 'added' | 'changed' | 'removed' | 'kept';
  readonly from: string | null;
  readonly to: string | null;
  /** In words: 'schedule: 0 2 * * * UTC -> 0 3 * * * UTC'. */
  readonly details: readonly string[];
}
export interface Applied {
  /** null: nothing has changed, or it was only to be shown. */
  readonly deployment: Deployment | null;
  readonly changes: readonly DeploymentChange[];
}
export interface ApplyRequest {
  /** Pipeline -> hash of a stored plan; all pipelines of the project. */
  readonly plans: Readonly<Record<string, string>>;
  /** Pipelines that the project does not have any more go, too. */
  readonly prune: boolean;
  /** Nothing is changed. */
  readonly dryRun: boolean;
  readonly note: string | null;
}

/** Throws HDL-NO-PLAN. */
export async function applyPlans(parts: ServerParts, who: Identity, request: ApplyRequest): Promise<Applied> {
  const { db } = parts.catalog;
  const { project } = parts.config;
  const before = (await currentDeployment(db, project))?.plans ?? {};
  const plans = { ...(request.prune ? {} : before), ...request.plans };
  const changes: DeploymentChange[] = [];
  for (const pipeline of [...new Set([...Object.keys(before), ...Object.keys(plans)])].sort()) {
    const [from, to] = [before[pipeline] ?? null, plans[pipeline] ?? null];
    const [old, next] = [from === null ? null : await planOf(parts, from), to === null ? null : await planOf(parts, to)];
    const change = from === null ? 'added' : to === null ? 'removed' : from !== to ? 'changed' : 'kept';
    if (change === 'kept' && !Object.hasOwn(request.plans, pipeline))
      changes.push({ pipeline, change, from, to, details: ['no longer in the project; --prune removes it'] });
    else if (change !== 'kept') changes.push({ pipeline, change, from, to, details: detailsOf(old, next) });
  }
  if (request.dryRun || changes.every(({ change }) => change === 'kept')) return { deployment: null, changes };
  return { deployment: await deploy(parts, who, plans, changes, request.note), changes };
}

/** Goes back to what was applied as that version: as a new one. Throws HDL-NO-DEPLOYMENT. */
export async function applyVersion(parts: ServerParts, who: Identity, version: number, dryRun: boolean, note: string | null): Promise<Applied> {
  const old = await getDeployment(parts.catalog.db, parts.config.project, version);
  if (!old) throw new HeddleError('HDL-NO-DEPLOYMENT', { what: `There is no version ${version} of what was applied.` });
  return applyPlans(parts, who, { plans: old.plans, prune: true, dryRun, note: note ?? `back to version ${version}` });
}

async function planOf(parts: ServerParts, hash: string): Promise<Plan> {
  const plan = await getPlan(parts.catalog.db, hash);
  if (!plan) throw new HeddleError('HDL-NO-PLAN', { what: `The server does not hold the plan ${hash}.` });
  return plan;
}

async function deploy(
  parts: ServerParts,
  who: Identity,
  plans: Readonly<Record<string, string>>,
  changes: readonly DeploymentChange[],
  note: string | null,
): Promise<Deployment> {
  const { project } = parts.config;
  const now = Date.now();
  const schedules = new Map<string, ScheduleDef | null>();
  for (const { pipeline, change } of changes)
    if (change !== 'kept') schedules.set(pipeline, plans[pipeline] === undefined ? null : (await planOf(parts, plans[pipeline])).contracts.schedule);
  return parts.catalog.transaction(async (trx) => {
    const deployment: Deployment = { version: ((await currentDeployment(trx, project))?.version ?? 0) + 1, plans, at: now, who: who.name, note };
    await addDeployment(trx, project, deployment);
    for (const [pipeline, definition] of schedules) {
      if (!definition) {
        await removeSchedule(trx, project, pipeline);
        continue;
      }
      const known = await getSchedule(trx, project, pipeline);
      // the same times go on where they are: a tick that is due is not lost
      if (known && canonicalJson(known.definition as unknown as Json) === canonicalJson(definition as unknown as Json)) continue;
      const nominal = nominalAfter(definition, now);
      await putSchedule(trx, project, {
        pipeline,
        definition,
        nextNominal: nominal,
        nextAt: nominal === null ? null : nominal + delayOf(definition, project, pipeline, nominal),
      });
    }
    await addAudit(trx, {
      project,
      at: now,
      who: who.name,
      action: 'apply',
      target: `version ${deployment.version}`,
      detail: { changes: changes.map(({ pipeline, change }) => `${change} ${pipeline}`), note },
    });
    return deployment;
  });
}

function detailsOf(old: Plan | null, next: Plan | null): string[] {
  const details: string[] = [];
  const told = (name: string, of: (plan: Plan) => string | null): void => {
    const [from, to] = [old && of(old), next && of(next)];
    if (from !== to) details.push(`${name}: ${from ?? 'none'} -> ${to ?? 'none'}`);
  };
  if (next) told('schedule', ({ contracts }) => contracts.schedule && scheduleText(contracts.schedule));
  if (next) told('triggers', ({ contracts }) => (contracts.triggers ? contracts.triggers.map(({ kind }) => kind).join(', ') : null));
  if (!old || !next) return details;
  const [was, now] = [new Set(Object.keys(old.skeleton.tasks)), new Set(Object.keys(next.skeleton.tasks))];
  for (const task of now) if (!was.has(task)) details.push(`task + ${task}`);
  for (const task of was) if (!now.has(task)) details.push(`task - ${task}`);
  const [before, after] = [new Map(old.skeleton.body.nodes.map((node) => [node.id, node])), new Map(next.skeleton.body.nodes.map((node) => [node.id, node]))];
  for (const id of after.keys()) if (!before.has(id)) details.push(`step + ${id}`);
  for (const id of before.keys()) if (!after.has(id)) details.push(`step - ${id}`);
  for (const [id, node] of after) {
    const other = before.get(id);
    if (other && canonicalJson(other as unknown as Json) !== canonicalJson(node as unknown as Json)) details.push(`step ~ ${id}`);
  }
  if (details.length === 0) details.push('schemas or rules');
  return details;
}

export const scheduleText = ({ cron, everyMs, timezone, overlap, spreadMs }: ScheduleDef): string =>
  `${everyMs === undefined ? `${cron} ${timezone}` : `every ${everyMs / 1000} s`}, ${overlap}${spreadMs === undefined ? '' : `, spread ${spreadMs / 1000} s`}`;
