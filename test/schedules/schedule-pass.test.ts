/**
 * Ticks, their runs and alerts, on a real server, catalog and Temporal, at times that the test chooses: the passes run for
 * projects of the test's own, which the server's loop does not look at, and whose runs stay open until the test ends them.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { applyPlans, applyVersion } from '../../api/deployments/apply-plans.ts';
import { alertPass } from '../../api/schedules/alert-pass.ts';
import { schedulePass } from '../../api/schedules/schedule-pass.ts';
import { setPaused } from '../../api/schedules/schedule-view.ts';
import type { ServerParts } from '../../api/server-parts.ts';
import { listAlerts } from '../../catalog/alerts.ts';
import { putStates } from '../../catalog/partition-state.ts';
import { putPlan } from '../../catalog/plans.ts';
import { endRun, getRun, listRuns } from '../../catalog/runs.ts';
import { addTick, listTicks, putSchedule, type Tick } from '../../catalog/schedules.ts';
import { startRun } from '../../api/runs/start-run.ts';
import type { Contracts, Json, Plan, ScheduleDef } from '../../dsl/plan/types.ts';
import { planHashOf } from '../../storage/digest.ts';
import { serverFixture, type ServerFixture } from '../server/server-fixture.ts';
import { tinyPlan } from '../server/test-server.ts';

let fixture: ServerFixture;
let count = 0;
beforeAll(async () => {
  fixture = await serverFixture();
});
afterAll(() => fixture?.stop());

const WHO = { name: 'me', roles: ['operator'] };
const at = (text: string): number => Date.parse(text);
interface World {
  readonly parts: ServerParts;
  readonly told: Json[];
  readonly ticks: () => Promise<Tick[]>;
  /** Partitions that have runs, in the order of their starts. */
  readonly runs: () => Promise<(string | null)[]>;
  readonly endAll: (status?: 'done' | 'failed') => Promise<void>;
}
const schedule: ScheduleDef = { cron: '0 2 * * *', timezone: 'UTC', overlap: 'queue', catchupMs: 3 * 86_400_000, jitterMs: 0 };

/** A project with one daily pipeline that is applied, whose next tick is at `next`. */
async function world(next: string, over: Partial<ScheduleDef> = {}, contracts: Partial<Contracts> = {}): Promise<World> {
  const told: Json[] = [];
  const { parts: real } = fixture.server;
  const project = `world${++count}`;
  const parts: ServerParts = {
    ...real,
    config: { ...real.config, project },
    notify: async (_db, _kind, _id, body) => void told.push(body),
  };
  const definition = { ...schedule, ...over };
  const base = tinyPlan();
  const plan: Plan = {
    ...base,
    contracts: { ...base.contracts, partitions: { day: { kind: 'day', start: '2001-01-01' } }, schedule: definition, ...contracts },
  };
  const hash = planHashOf(plan);
  await putPlan(parts.catalog.db, { project, hash, plan, by: 'me', at: 0 });
  await applyPlans(parts, WHO, { plans: { [plan.name]: hash }, prune: false, dryRun: false, note: null });
  await putSchedule(parts.catalog.db, project, { pipeline: plan.name, definition, nextNominal: at(next), nextAt: at(next) });
  const rows = async () => (await listRuns(parts.catalog.db, { project, limit: 100 })).items.toReversed();
  return {
    parts,
    told,
    ticks: async () => (await listTicks(parts.catalog.db, project, plan.name, 1_000)).toReversed(),
    runs: async () => (await rows()).map(({ partition }) => partition),
    endAll: async (status = 'done') => {
      for (const run of await rows())
        if (run.endedAt === null) await endRun(parts.catalog.db, run.runId, { status, endedAt: Date.now(), output: null, failures: [], abandoned: [] }, {});
    },
  };
}
const statesOf = async ({ ticks }: World): Promise<string[]> =>
  (await ticks()).map(({ nominal, state }) => `${new Date(nominal).toISOString().slice(0, 10)} ${state}`);

describe('a tick', () => {
  it('makes one run, for the last partition that has ended, however often and by how many servers it is looked at', async () => {
    const one = await world('2001-03-02T02:00:00Z');
    await schedulePass(one.parts, at('2001-03-02T01:59:59Z'));
    expect(await one.runs()).toEqual([]);
    const now = at('2001-03-02T02:00:01Z');
    await Promise.all([schedulePass(one.parts, now), schedulePass(one.parts, now), schedulePass(one.parts, now)]);
    await schedulePass(one.parts, now + 1_000);
    expect(await one.runs()).toEqual(['2001-03-01']);
    expect(await statesOf(one)).toEqual(['2001-03-02 started']);
    const [tick] = await one.ticks();
    expect(await getRun(one.parts.catalog.db, tick?.runs[0] ?? '')).toMatchObject({ startedBy: 'schedule', partition: '2001-03-01' });
  });

  it('whose run was started before the server died is that run, and no second one', async () => {
    const one = await world('2001-03-02T02:00:00Z');
    const project = one.parts.config.project;
    await addTick(one.parts.catalog.db, project, {
      pipeline: 'tiny.pipeline',
      nominal: at('2001-03-01T02:00:00Z'),
      state: 'due',
      dueAt: at('2001-03-01T02:00:00Z'),
      startedAt: null,
      runs: [],
      why: null,
    });
    const plans = (await applyPlans(one.parts, WHO, { plans: {}, prune: false, dryRun: true, note: null })).changes;
    expect(plans.every(({ change }) => change === 'kept')).toBe(true);
    const { items } = await listRuns(one.parts.catalog.db, { project, limit: 1 });
    expect(items).toEqual([]);
    const planHash = plans[0]?.to ?? '';
    const run = await startRun(
      one.parts,
      { name: 'schedule', roles: ['operator'] },
      { pipeline: 'tiny.pipeline', planHash, params: {}, partition: { day: '2001-02-28' }, key: 'schedule 2001-02-28' },
      { keyOnly: true },
    );
    await schedulePass(one.parts, at('2001-03-01T02:00:05Z'));
    // the run is open, so the tick waits for it; then it finds that its partition had its run
    await one.endAll();
    await schedulePass(one.parts, at('2001-03-01T02:00:06Z'));
    expect(await one.runs()).toEqual(['2001-02-28']);
    expect(await one.ticks()).toMatchObject([{ state: 'started', runs: [run.runId], why: 'its partition had its run before' }]);
  });

  it('waits in a queue while the run before it is open: no partition is lost, and they come in order', async () => {
    const one = await world('2001-03-02T02:00:00Z');
    await schedulePass(one.parts, at('2001-03-02T02:00:01Z'));
    await schedulePass(one.parts, at('2001-03-03T02:00:01Z'));
    await schedulePass(one.parts, at('2001-03-04T02:00:01Z'));
    expect(await statesOf(one)).toEqual(['2001-03-02 started', '2001-03-03 due', '2001-03-04 due']);
    await one.endAll();
    await schedulePass(one.parts, at('2001-03-04T02:00:02Z'));
    await one.endAll();
    await schedulePass(one.parts, at('2001-03-04T02:00:03Z'));
    expect(await one.runs()).toEqual(['2001-03-01', '2001-03-02', '2001-03-03']);
  });

  it('starts though another pipeline has hundreds of ticks that wait for its run, and though the ticks of a third one fail', async () => {
    const one = await world('2001-03-02T02:00:00Z');
    const { db } = one.parts.catalog;
    const { project } = one.parts.config;
    await schedulePass(one.parts, at('2001-03-02T02:00:01Z'));
    for (let minute = 0; minute < 600; minute++) {
      const nominal = at('2001-03-02T03:00:00Z') + minute * 60_000;
      await addTick(db, project, { pipeline: 'tiny.pipeline', nominal, state: 'due', dueAt: nominal, startedAt: null, runs: [], why: null });
    }
    const partitions = { day: { kind: 'day', start: '2001-01-01' } } as const;
    const base = tinyPlan();
    for (const [name, more] of [
      ['another', { partitions, schedule }],
      ['broken', { partitions, schedule: { ...schedule, cron: 'never' } }],
    ] as const) {
      const plan: Plan = { ...base, name, skeleton: { ...base.skeleton, name }, contracts: { ...base.contracts, partitions, schedule } };
      await putPlan(db, { project, hash: planHashOf(plan), plan, by: 'me', at: 0 });
      await applyPlans(one.parts, WHO, { plans: { [name]: planHashOf(plan) }, prune: false, dryRun: false, note: null });
      const next = at('2001-03-03T02:00:00Z') - (name === 'broken' ? 1_000 : 0);
      await putSchedule(db, project, { pipeline: name, definition: more.schedule, nextNominal: next, nextAt: next });
    }
    await schedulePass(one.parts, at('2001-03-03T02:00:01Z'));
    expect(await listTicks(db, project, 'another', 10)).toMatchObject([{ state: 'started', nominal: at('2001-03-03T02:00:00Z') }]);
  });

  it('with overlap skip is left out while a run is open, and that is written down', async () => {
    const one = await world('2001-03-02T02:00:00Z', { overlap: 'skip' });
    await schedulePass(one.parts, at('2001-03-02T02:00:01Z'));
    await schedulePass(one.parts, at('2001-03-03T02:00:01Z'));
    expect(await one.ticks()).toMatchObject([{ state: 'started' }, { state: 'skipped', why: expect.stringMatching(/^run 0\w+ was still open$/) as string }]);
    expect(await one.runs()).toEqual(['2001-03-01']);
  });

  it('with overlap cancel-other cancels the open run first, and starts when that has ended', async () => {
    const one = await world('2001-03-02T02:00:00Z', { overlap: 'cancel-other' });
    await schedulePass(one.parts, at('2001-03-02T02:00:01Z'));
    await schedulePass(one.parts, at('2001-03-03T02:00:01Z'));
    expect(await statesOf(one)).toEqual(['2001-03-02 started', '2001-03-03 due']);
    await one.endAll();
    await schedulePass(one.parts, at('2001-03-03T02:00:02Z'));
    expect(await one.runs()).toEqual(['2001-03-01', '2001-03-02']);
  });
});

describe('times that were missed', () => {
  it('are caught up in order within the window, told as late; older ones are written down as missed', async () => {
    const one = await world('2001-03-02T02:00:00Z', { catchupMs: 2 * 86_400_000 });
    const now = at('2001-03-06T12:00:00Z'); // the server was down for four days
    for (let i = 0; i < 5; i++) {
      await schedulePass(one.parts, now + i * 1_000);
      await one.endAll();
    }
    expect(await statesOf(one)).toEqual(['2001-03-02 missed', '2001-03-03 missed', '2001-03-04 missed', '2001-03-05 started', '2001-03-06 started']);
    expect(await one.runs()).toEqual(['2001-03-04', '2001-03-05']);
    expect((await one.ticks()).at(-1)?.why).toMatch(/^caught up, \d+ s late$/);
  });

  it('while a person had paused the schedule are caught up when it goes on', async () => {
    const one = await world('2001-03-02T02:00:00Z');
    await setPaused(one.parts, WHO, 'tiny.pipeline', true, 'HDFS is being moved');
    await schedulePass(one.parts, at('2001-03-03T03:00:00Z'));
    expect(await one.runs()).toEqual([]);
    await setPaused(one.parts, WHO, 'tiny.pipeline', false, null);
    await schedulePass(one.parts, at('2001-03-03T04:00:00Z'));
    await one.endAll();
    await schedulePass(one.parts, at('2001-03-03T04:00:01Z'));
    expect(await one.runs()).toEqual(['2001-03-01', '2001-03-02']);
  });
});

describe('what is overdue', () => {
  it('a run beyond its deadline: one alert, with owner and link, and one word when it is over', async () => {
    const one = await world('2001-03-02T02:00:00Z', {}, { deadlineMs: 3_600_000 });
    await schedulePass(one.parts, at('2001-03-02T02:00:01Z'));
    await alertPass(one.parts, at('2001-03-02T02:59:00Z'));
    expect(one.told).toEqual([]);
    await alertPass(one.parts, at('2001-03-02T03:00:01Z'));
    await alertPass(one.parts, at('2001-03-02T03:01:00Z'));
    expect(one.told).toMatchObject([
      {
        alert: 'deadline',
        state: 'open',
        pipeline: 'tiny.pipeline',
        owner: null,
        deadline: '2001-03-02T03:00:00.000Z',
        status: 'running',
        link: expect.stringContaining('/runs/') as string,
      },
    ]);
    await one.endAll();
    await alertPass(one.parts, at('2001-03-02T03:05:00Z'));
    await alertPass(one.parts, at('2001-03-02T03:06:00Z'));
    expect(one.told).toHaveLength(2);
    expect(one.told[1]).toMatchObject({ state: 'resolved', cause: 'deadline tiny.pipeline 2001-03-02T02:00:00.000Z' });
    expect(await listAlerts(one.parts.catalog.db, one.parts.config.project, { open: true, limit: 10 })).toEqual([]);
  });

  it('a partition that is not there by its time, until it is', async () => {
    const dataset = {
      name: 't.raw',
      uri: 'store://t/raw',
      partitions: { day: { kind: 'day', start: '2001-01-01' } },
      schema: {},
      freshByMs: 6 * 3_600_000,
    } as const;
    const one = await world('2001-03-02T02:00:00Z', {}, { datasets: { 't.raw': dataset } });
    const put = (path: string): Promise<void> =>
      putStates(one.parts.catalog.db, one.parts.config.project, one.parts.store.resolve('store://t/raw'), [
        { path, generation: 1, manifest: null, task: null, version: null, codeDigest: null, madeBy: null, publishedAt: 1, pinnedAt: 1, rows: 1, bytes: 1 },
      ]);
    await put('day=2001-03-01');
    await alertPass(one.parts, at('2001-03-02T07:00:00Z'));
    expect(one.told).toEqual([]);
    await alertPass(one.parts, at('2001-03-03T06:00:01Z'));
    await alertPass(one.parts, at('2001-03-04T06:00:01Z')); // the next one is late, too
    expect(one.told).toMatchObject([
      { alert: 'fresh', dataset: 't.raw', partition: '2001-03-02', expected: '2001-03-03T06:00:00.000Z' },
      { alert: 'fresh', partition: '2001-03-03' },
    ]);
    await put('day=2001-03-02');
    await put('day=2001-03-03');
    await alertPass(one.parts, at('2001-03-04T06:05:00Z'));
    expect(one.told.slice(2)).toMatchObject([{ state: 'resolved' }, { state: 'resolved' }]);
  });
});

describe('what is applied', () => {
  it('the same again is no new version; an older version is gone back to as a new one; what the project has no more stays until it is pruned', async () => {
    const one = await world('2001-03-02T02:00:00Z');
    const { db } = one.parts.catalog;
    const { project } = one.parts.config;
    const other: Plan = { ...tinyPlan(), name: 'other', skeleton: { ...tinyPlan().skeleton, name: 'other' } };
    const changed: Plan = { ...other, owner: 'ml@example.org' };
    for (const plan of [other, changed]) await putPlan(db, { project, hash: planHashOf(plan), plan, by: 'me', at: 0 });
    const apply = (plans: Record<string, string>, prune = false) => applyPlans(one.parts, WHO, { plans, prune, dryRun: false, note: null });
    const tiny = (await applyPlans(one.parts, WHO, { plans: {}, prune: false, dryRun: true, note: null })).changes[0]?.to ?? '';
    expect((await apply({ 'tiny.pipeline': tiny })).deployment).toBeNull();
    expect(await apply({ other: planHashOf(other) })).toMatchObject({
      deployment: { version: 2 },
      changes: [
        { pipeline: 'other', change: 'added' },
        { pipeline: 'tiny.pipeline', change: 'kept' },
      ],
    });
    expect(await apply({ other: planHashOf(changed) })).toMatchObject({ deployment: { version: 3, plans: { 'tiny.pipeline': tiny } } });
    expect(await applyVersion(one.parts, WHO, 2, false, null)).toMatchObject({
      deployment: { version: 4, note: 'back to version 2', plans: { other: planHashOf(other) } },
    });
    expect((await apply({ other: planHashOf(other) }, true)).deployment?.plans).toEqual({ other: planHashOf(other) });
    await schedulePass(one.parts, at('2001-03-02T02:00:01Z'));
    expect(await one.runs()).toEqual([]); // its schedule went with it
    await expect(applyVersion(one.parts, WHO, 99, false, null)).rejects.toMatchObject({ code: 'HDL-NO-DEPLOYMENT' });
    await expect(setPaused(one.parts, WHO, 'tiny.pipelin', true, null)).rejects.toMatchObject({ code: 'HDL-NO-SCHEDULE' });
  });
});
