/**
 * What the server does about triggers each second: events become targets (a pipeline and a key, with the newest version heard of),
 * and targets become runs when their time to settle has passed. So of a storm with duplicates and in any order there is one run
 * for each key and version, and the latest wins. Server only.
 */
import { formatKey, parseKey, type Key } from '../../calendar/partition-scope.ts';
import { boundsOf, formatTime, isGrain, partAt, parseTime, shiftTime, startOf } from '../../calendar/time-grain.ts';
import { publishedPaths, statesOf } from '../../catalog/partition-state.ts';
import { getRun } from '../../catalog/runs.ts';
import { addEvents, aimAt, dueTargets, forgetEvents, nextEvents, postponeTarget, targetStarted, type TriggerEvent } from '../../catalog/triggers.ts';
import { isHeddleError } from '../../dsl/errors/heddle-error.ts';
import type { Plan, TriggerDef } from '../../dsl/plan/types.ts';
import { CellPlanner } from '../../planner/plan-cells.ts';
import { pipelineFacts } from '../../planner/pipeline-facts.ts';
import { keyOfPath, partitionPath } from '../../storage/datasets/partition-path.ts';
import type { Identity } from '../auth/tokens.ts';
import { isOver } from '../runs/run-detail.ts';
import { appliedPlans, type AppliedPlan } from '../deployments/applied-plans.ts';
import { startRun } from '../runs/start-run.ts';
import type { ServerParts } from '../server-parts.ts';

const WHO: Identity = { name: 'trigger', roles: ['operator'] };
const EVENTS = 500;
const TARGETS = 100;
/** A target whose last run is open is looked at again after this. */
const BUSY_MS = 5_000;
/** Rewrites of inputs come in groups. */
const LATE_SETTLE_MS = 60_000;
/** Partitions that a path is looked for: the last that have ended. */
const PATH_PARTITIONS = 3;

export class Triggers {
  private readonly parts: ServerParts;
  /** When each path trigger is looked at next, and the times of what was found. */
  private readonly paths = new Map<string, { at: number; readonly seen: Map<string, number> }>();

  constructor(parts: ServerParts) {
    this.parts = parts;
  }

  async pass(now: number): Promise<void> {
    const { db } = this.parts.catalog;
    const { project } = this.parts.config;
    const applied = await appliedPlans(this.parts);
    for (const [name, { plan }] of applied)
      for (const trigger of plan.contracts.triggers ?? []) if (trigger.kind === 'path') await this.lookForPaths(name, plan, trigger, now);
    const events = await nextEvents(db, project, EVENTS);
    for (const event of events) for (const one of applied.values()) await this.hear(one.plan, event);
    await forgetEvents(
      db,
      events.map(({ id }) => id),
    );
    await this.start(applied, now);
  }

  // ---- events to targets ----

  private async hear(plan: Plan, event: TriggerEvent): Promise<void> {
    for (const trigger of plan.contracts.triggers ?? []) {
      const key = await this.keyFor(plan, trigger, event);
      if (key === null) continue;
      const settleMs = trigger.kind === 'published' ? trigger.settleMs : 0;
      await this.aim(plan, key, event, settleMs, `${event.subject}${event.key === null ? '' : ` ${event.key}`} ${event.kind}`);
    }
    if (event.kind === 'published') await this.rebuildLate(plan, event);
  }

  private aim(plan: Plan, key: string, event: TriggerEvent, settleMs: number, why: string): Promise<void> {
    return aimAt(this.parts.catalog.db, this.parts.config.project, { pipeline: plan.name, key, version: event.version, dueAt: event.at + settleMs, why });
  }

  /** The key to run for; null: this trigger does not hear of it. */
  private async keyFor(plan: Plan, trigger: TriggerDef, event: TriggerEvent): Promise<string | null> {
    const dimensions = plan.contracts.partitions;
    switch (trigger.kind) {
      case 'published': {
        if (event.kind !== 'published' || !trigger.datasets.includes(event.subject) || event.key === null) return null;
        const dataset = plan.contracts.datasets[event.subject];
        const key = dataset && keyOfPath(dataset, event.key);
        if (!key || !dimensions || !(await this.allThere(plan, trigger.datasets, key))) return null;
        return formatKey(dimensions, key); // of a wider key its own dimensions
      }
      case 'ended': {
        if (event.kind !== 'ended' || event.subject !== trigger.pipeline) return null;
        if (!trigger.statuses.includes(event.detail['status'] as 'done')) return null; // written by the record
        if (!dimensions) return '';
        try {
          return event.key === null ? null : formatKey(dimensions, parseKey(dimensions, event.key));
        } catch (error) {
          if (isHeddleError(error)) return null; // keys of another kind
          throw error;
        }
      }
      case 'alias':
        if (event.kind !== 'alias' || event.subject !== trigger.model) return null;
        return dimensions ? (lastKeys(plan, Date.now(), 1)[0] ?? null) : '';
      case 'path':
        return event.kind === 'path' && event.detail['pipeline'] === plan.name ? (event.key ?? '') : null;
      case 'request':
        return null;
    }
  }

  /** Each of the datasets has the partition. */
  private async allThere(plan: Plan, datasets: readonly string[], key: Readonly<Record<string, string>>): Promise<boolean> {
    for (const name of datasets.length > 1 ? datasets : []) {
      const dataset = plan.contracts.datasets[name];
      if (!dataset || Object.keys(dataset.partitions).some((dimension) => key[dimension] === undefined)) return false;
      const path = partitionPath(dataset, key);
      if (!(await publishedPaths(this.parts.catalog.db, this.parts.config.project, this.parts.store.resolve(dataset.uri), [path])).has(path)) return false;
    }
    return true;
  }

  /** Partitions that read the one that was rewritten, where their dataset says so, and while they are young enough. */
  private async rebuildLate(plan: Plan, event: TriggerEvent): Promise<void> {
    if (Number(event.detail['generation'] ?? 1) < 2 || event.key === null) return;
    const facts = pipelineFacts(plan);
    const [output] = facts.outputs.filter(({ dataset }) => dataset.late?.rule === 'rebuild');
    const late = output?.dataset.late;
    const source = plan.contracts.datasets[event.subject];
    const changed = source && keyOfPath(source, event.key);
    if (!output || late?.rule !== 'rebuild' || !source || !changed || !facts.edges.some(({ dataset }) => dataset.name === event.subject)) return;
    const { dataset } = output;
    const text = formatKey(source.partitions, changed);
    const time = Object.entries(dataset.partitions).find(([, def]) => isGrain(def.kind));
    const planner = new CellPlanner({
      facts,
      world: { tables: new Map(), digests: new Map(), reads: new Map() },
      rules: { force: false, codeDrift: false, only: null },
    });
    for await (const page of statesOf(this.parts.catalog.db, this.parts.config.project, this.parts.store.resolve(dataset.uri)))
      for (const { path } of page) {
        const key = keyOfPath(dataset, path);
        if (!key || (time && Date.parse(boundsOf(parseTime(time[0], time[1], key[time[0]] ?? '')).end) + late.withinMs < event.at)) continue;
        for (const one of planner.upstream(key)) {
          if (one.dataset !== event.subject || one.key !== text) continue;
          await this.aim(plan, formatKey(dataset.partitions, key), event, LATE_SETTLE_MS, `${event.subject} ${event.key} was rewritten after its use`);
          break;
        }
      }
  }

  private async lookForPaths(name: string, plan: Plan, trigger: Extract<TriggerDef, { kind: 'path' }>, now: number): Promise<void> {
    const id = `${name} ${trigger.uri}`;
    const state = this.paths.get(id) ?? { at: 0, seen: new Map<string, number>() };
    this.paths.set(id, state);
    if (now < state.at) return;
    state.at = now + trigger.everyMs;
    const { store, catalog, config } = this.parts;
    for (const text of plan.contracts.partitions ? lastKeys(plan, now, PATH_PARTITIONS) : ['']) {
      const key: Key = plan.contracts.partitions ? parseKey(plan.contracts.partitions, text) : {};
      const uri = trigger.uri.replaceAll(/\{([^}]*)\}/g, (_, field: string) => key[field] ?? '');
      const found = await store.stat(uri);
      if (!found || state.seen.get(uri) === found.mtimeMs) continue;
      state.seen.set(uri, found.mtimeMs);
      await addEvents(catalog.db, config.project, [
        { kind: 'path', subject: uri, key: text, version: Math.round(found.mtimeMs), detail: { pipeline: name }, at: now },
      ]);
    }
  }

  // ---- targets to runs ----

  private async start(applied: ReadonlyMap<string, AppliedPlan>, now: number): Promise<void> {
    const { catalog, config, log } = this.parts;
    for (const target of await dueTargets(catalog.db, config.project, now, TARGETS)) {
      const own = applied.get(target.pipeline);
      if (!own || target.version <= target.started) {
        await targetStarted(catalog.db, config.project, target, target.runId); // not applied any more, or done before
        continue;
      }
      const last = target.runId === null ? undefined : await getRun(catalog.db, target.runId);
      if (last && !isOver(last)) {
        await postponeTarget(catalog.db, config.project, target, now + BUSY_MS);
        continue;
      }
      try {
        const partition = own.plan.contracts.partitions ? parseKey(own.plan.contracts.partitions, target.key) : null;
        const body = { pipeline: target.pipeline, planHash: own.planHash, params: {}, partition, key: `trigger ${target.key} ${target.version}` };
        const run = await startRun(this.parts, WHO, body, { keyOnly: true });
        await targetStarted(catalog.db, config.project, target, run.runId);
      } catch (error) {
        if (!isHeddleError(error)) throw error;
        log.warn({ pipeline: target.pipeline, key: target.key, error: error.message }, 'a trigger could not start its run');
        await targetStarted(catalog.db, config.project, target, null);
      }
    }
  }
}

/** The last partitions that have ended, newest first; with all fixed keys. */
function lastKeys(plan: Plan, now: number, count: number): string[] {
  const dimensions = plan.contracts.partitions ?? {};
  let keys: Key[] = [{}];
  for (const [name, def] of Object.entries(dimensions)) {
    let values: readonly string[] = def.keys ?? [];
    if (isGrain(def.kind)) {
      const first = startOf(def);
      const times: string[] = [];
      for (let part = shiftTime(partAt(first, now), -1); times.length < count && part.startMs >= first.startMs; part = shiftTime(part, -1))
        times.push(formatTime(part));
      values = times;
    }
    keys = keys.flatMap((key) => values.map((value) => ({ ...key, [name]: value })));
  }
  return keys.map((key) => formatKey(dimensions, key));
}
