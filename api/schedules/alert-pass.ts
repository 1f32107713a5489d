/**
 * Looks for what is overdue: scheduled runs beyond their deadline, partitions that should have been published by now. One alert a
 * cause, by the webhook; another message when it is over. Both are written down with the alert, so a restart neither loses nor
 * repeats one. Server only.
 */
import { formatKey, parseKey } from '../../calendar/partition-scope.ts';
import { boundsOf, isGrain, parseTime } from '../../calendar/time-grain.ts';
import { listAlerts, openAlert, resolveAlert, type Alert } from '../../catalog/alerts.ts';
import { getRuns } from '../../catalog/runs.ts';
import { startedTicks } from '../../catalog/schedules.ts';
import { publishedPaths } from '../../catalog/partition-state.ts';
import type { DatasetDef, Json, Plan } from '../../dsl/plan/types.ts';
import { partitionPath } from '../../storage/datasets/partition-path.ts';
import { appliedPlans } from '../deployments/applied-plans.ts';
import type { ServerParts } from '../server-parts.ts';
import { keysOfTick } from './schedule-pass.ts';

/** Ticks before that are not looked at any more. */
const LOOK_BACK_MS = 7 * 86_400_000;

interface Overdue {
  readonly cause: string;
  readonly kind: Alert['kind'];
  readonly detail: { readonly [name: string]: Json };
}

export async function alertPass(parts: ServerParts, now: number): Promise<void> {
  const { db } = parts.catalog;
  const { project } = parts.config;
  const plans = [...(await appliedPlans(parts)).values()].map(({ plan }) => plan);
  const overdue = [...(await lateRuns(parts, plans, now)), ...(await staleDatasets(parts, plans, now))];
  const causes = new Set(overdue.map(({ cause }) => cause));
  for (const { cause, kind, detail } of overdue)
    await parts.catalog.transaction(async (trx) => {
      if (await openAlert(trx, project, { cause, kind, detail, openedAt: now }))
        await parts.notify(trx, 'message', `alert/${cause}`, { alert: kind, state: 'open', cause, ...detail });
    });
  for (const { cause, kind, detail } of await listAlerts(db, project, { open: true, limit: 1_000 })) {
    if (causes.has(cause) || (kind === 'fresh' && (await isStillAbsent(parts, plans, detail)))) continue;
    await parts.catalog.transaction(async (trx) => {
      if (await resolveAlert(trx, project, cause, now))
        await parts.notify(trx, 'message', `alert/${cause}/resolved`, {
          alert: kind,
          state: 'resolved',
          cause,
          ...(detail as { readonly [name: string]: Json }),
        }); // written above
    });
  }
}

/** The next partition is due by now, and this one never came. */
async function isStillAbsent(parts: ServerParts, plans: readonly Plan[], detail: Json): Promise<boolean> {
  const { dataset: name, partition } = detail as { readonly dataset: string; readonly partition: string }; // written below
  const dataset = plans.map(({ contracts }) => contracts.datasets[name]).find((one) => one?.freshByMs !== undefined);
  if (!dataset) return false; // nobody waits for it any more
  const path = partitionPath(dataset, parseKey(dataset.partitions, partition));
  return !(await publishedPaths(parts.catalog.db, parts.config.project, parts.store.resolve(dataset.uri), [path])).has(path);
}

/** A tick whose runs are not all done by its deadline. */
async function lateRuns(parts: ServerParts, plans: readonly Plan[], now: number): Promise<Overdue[]> {
  const deadlines = new Map(
    plans.flatMap((plan) => (plan.contracts.deadlineMs === undefined ? [] : [[plan.name, { plan, ms: plan.contracts.deadlineMs }] as const])),
  );
  if (deadlines.size === 0) return [];
  const late = (await startedTicks(parts.catalog.db, parts.config.project, now - LOOK_BACK_MS)).filter(
    ({ pipeline, nominal }) => now > nominal + (deadlines.get(pipeline)?.ms ?? Infinity),
  );
  const runs = new Map(
    (
      await getRuns(
        parts.catalog.db,
        late.flatMap((tick) => tick.runs),
      )
    ).map((run) => [run.runId, run]),
  );
  return late.flatMap(({ pipeline, nominal, runs: own }): Overdue[] => {
    const open = own.filter((runId) => runs.get(runId)?.status !== 'done');
    if (own.length > 0 && open.length === 0) return [];
    const { plan, ms } = deadlines.get(pipeline) ?? { plan: null, ms: 0 };
    const [runId] = open;
    return [
      {
        cause: `deadline ${pipeline} ${new Date(nominal).toISOString()}`,
        kind: 'deadline',
        detail: {
          pipeline,
          owner: plan?.owner ?? null,
          deadline: new Date(nominal + ms).toISOString(),
          runId: runId ?? null,
          status: runId === undefined ? 'not started' : (runs.get(runId)?.status ?? 'unknown'),
          link: runId === undefined ? `${parts.config.server.url}/api/v1/schedules/${pipeline}` : `${parts.config.server.url}/api/v1/runs/${runId}`,
        },
      },
    ];
  });
}

/** The last partition that should be there by now is not. */
async function staleDatasets(parts: ServerParts, plans: readonly Plan[], now: number): Promise<Overdue[]> {
  const datasets = new Map<string, { readonly dataset: DatasetDef; readonly owner: string | null }>();
  for (const { contracts, owner } of plans)
    for (const dataset of Object.values(contracts.datasets)) if (dataset.freshByMs !== undefined) datasets.set(dataset.name, { dataset, owner });
  const overdue: Overdue[] = [];
  for (const { dataset, owner } of datasets.values()) {
    const time = Object.entries(dataset.partitions).find(([, def]) => isGrain(def.kind));
    const keys = time && keysOfTick({ contracts: { partitions: dataset.partitions } as Plan['contracts'] }, now - (dataset.freshByMs ?? 0));
    if (!time || !keys) continue;
    const uri = parts.store.resolve(dataset.uri);
    const paths = keys.flatMap((key) => (key ? [partitionPath(dataset, key)] : []));
    const there = await publishedPaths(parts.catalog.db, parts.config.project, uri, paths);
    for (const key of keys) {
      if (!key || there.has(partitionPath(dataset, key))) continue;
      const name = formatKey(dataset.partitions, key);
      const { end } = boundsOf(parseTime(time[0], time[1], key[time[0]] ?? ''));
      overdue.push({
        cause: `fresh ${dataset.name} ${name}`,
        kind: 'fresh',
        detail: {
          dataset: dataset.name,
          partition: name,
          owner,
          expected: new Date(Date.parse(end) + (dataset.freshByMs ?? 0)).toISOString(),
          link: `${parts.config.server.url}/api/v1/partitions/${dataset.name}`,
        },
      });
    }
  }
  return overdue;
}
