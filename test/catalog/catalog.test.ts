/** The catalog, one suite on SQLite and on a real PostgreSQL. */
import { expect, it } from 'vitest';
import { addAudit, listAudit } from '../../catalog/audit.ts';
import { openCatalog } from '../../catalog/catalog.ts';
import { newId } from '../../catalog/ids.ts';
import { claimKey } from '../../catalog/keys.ts';
import { aliasHistory, findModel, listModels, moveAlias, registerVersion } from '../../catalog/models.ts';
import { forgetMissingPins, getPin, keepPin, pinnedVersion } from '../../catalog/pins.ts';
import { getPlan, planNames, putPlan } from '../../catalog/plans.ts';
import { addRun, endRun, getRun, listRuns, markStarted, openRuns, reopenRun, setRunStatus, summaryOf } from '../../catalog/runs.ts';
import { listAttempts, listEvents, pruneEvents, putEvents } from '../../catalog/step-events.ts';
import { countSteps, getStep, listDone, listSteps, writePage } from '../../catalog/steps.ts';
import { getWait, noteWait, openGates, putWait, removeWaits, satisfyWait, watchedWaits } from '../../catalog/waits.ts';
import { listWorkers, putWorker } from '../../catalog/workers.ts';
import type { RunFinal } from '../../dsl/contract/run.ts';
import type { Plan } from '../../dsl/plan/types.ts';
import { eachCatalog } from './each-catalog.ts';
import { sampleRun, sampleStep } from './samples.ts';

const done: RunFinal = { status: 'done', endedAt: 5_000, output: { ok: true }, failures: [], abandoned: [] };
const failed: RunFinal = {
  status: 'failed',
  endedAt: 5_000,
  output: null,
  failures: [{ step: 'fit', failure: { class: 'user', code: 'Error', message: 'no luck\nat line 3' } }],
  abandoned: [],
};

eachCatalog('the catalog', (catalog, url) => {
  it('opens again with what it held, and migrates only once', async () => {
    const run = sampleRun();
    await addRun(catalog().db, run);
    const again = await openCatalog(url());
    try {
      expect((await getRun(again.db, run.runId))?.startedBy).toBe('ann');
    } finally {
      await again.close();
    }
  });

  it('refuses a schema that a newer version wrote', async () => {
    await catalog().db.insertInto('heddle_schema').values({ version: 900, at: 1 }).execute();
    await expect(openCatalog(url())).rejects.toMatchObject({ code: 'HDL-CATALOG-NEWER', what: expect.stringContaining('version 900') });
    await catalog().db.deleteFrom('heddle_schema').where('version', '=', 900).execute();
  });

  it('keeps a plan once under its hash', async () => {
    const plan = { format: 1, name: 'flights.train', owner: null } as Plan; // only what the catalog looks at
    for (const by of ['ann', 'bob']) await putPlan(catalog().db, { project: 'default', hash: 'h1', plan, by, at: 1 });
    expect(await getPlan(catalog().db, 'h1')).toEqual(plan);
    expect(await getPlan(catalog().db, 'h2')).toBeUndefined();
    expect(await planNames(catalog().db, 'default')).toEqual(['flights.train']);
  });

  it('takes a run from starting to its end, and the first end stands', async () => {
    const run = sampleRun({ params: { rates: [0.1] }, scope: { key: '2001-03-01', day: '2001-03-01' }, partition: '2001-03-01' });
    expect(await addRun(catalog().db, run)).toBe(true);
    expect(await addRun(catalog().db, run)).toBe(false);
    await markStarted(catalog().db, run.runId, 2_000);
    await markStarted(catalog().db, run.runId, 9_000);
    await setRunStatus(catalog().db, run.runId, 'paused', 2_500);
    expect(await getRun(catalog().db, run.runId)).toMatchObject({ status: 'paused', startedAt: 2_000, params: { rates: [0.1] }, scope: { day: '2001-03-01' } });
    expect(await endRun(catalog().db, run.runId, failed, { failed: 1 })).toBe(true);
    expect(await endRun(catalog().db, run.runId, done, { done: 1 })).toBe(false);
    const row = await getRun(catalog().db, run.runId);
    expect(row && summaryOf(row)).toMatchObject({ status: 'failed', failure: 'fit: no luck', endedAt: 5_000, counts: { failed: 1 } });
  });

  it('opens only a failed or cancelled run again, with the next retry number', async () => {
    const run = sampleRun();
    await addRun(catalog().db, run);
    expect(await reopenRun(catalog().db, run.runId, 'plan-2', 6_000)).toBeUndefined();
    await endRun(catalog().db, run.runId, failed, {});
    expect(await reopenRun(catalog().db, run.runId, 'plan-2', 6_000)).toBe(1);
    expect(await reopenRun(catalog().db, run.runId, 'plan-2', 6_000)).toBeUndefined();
    expect(await getRun(catalog().db, run.runId)).toMatchObject({ status: 'starting', retry: 1, planHash: 'plan-2', failures: [], endedAt: null });
    await endRun(catalog().db, run.runId, done, {});
    expect(await reopenRun(catalog().db, run.runId, 'plan-2', 7_000)).toBeUndefined();
  });

  it('lists runs newest first, in pages, by pipeline, partition and status', async () => {
    const project = `list-${newId()}`;
    for (let i = 0; i < 5; i++)
      await addRun(catalog().db, sampleRun({ project, createdAt: 1_000 + Math.floor(i / 2), partition: `p${i}`, pipeline: i === 4 ? 'other' : 'one' }));
    const seen: (string | null)[] = [];
    let cursor: string | undefined;
    do {
      const page = await listRuns(catalog().db, { project, limit: 2, cursor });
      seen.push(...page.items.map((run) => run.partition));
      cursor = page.next ?? undefined;
    } while (cursor !== undefined);
    expect(seen).toEqual(['p4', 'p3', 'p2', 'p1', 'p0']);
    expect((await listRuns(catalog().db, { project, limit: 9, pipeline: 'other' })).items).toHaveLength(1);
    expect((await listRuns(catalog().db, { project, limit: 9, partition: 'p2', status: 'running' })).items).toHaveLength(1);
    expect((await listRuns(catalog().db, { project, limit: 9, status: 'done' })).items).toHaveLength(0);
    expect(await openRuns(catalog().db, project, 3)).toHaveLength(3);
  });

  it('writes a page of steps once, and a later page updates what it names', async () => {
    const { runId } = sampleRun();
    const page = { runId, retry: 0, page: '1', at: 1 };
    const first = [sampleStep('a'), sampleStep('b', { status: 'failed', output: null, failure: { class: 'data', code: 'HDL-X', message: 'bad' } })];
    expect(await catalog().transaction((trx) => writePage(trx, { ...page, steps: first }))).toBe(true);
    expect(await catalog().transaction((trx) => writePage(trx, { ...page, steps: [sampleStep('a', { output: 'changed' })] }))).toBe(false);
    await catalog().transaction((trx) =>
      writePage(trx, {
        ...page,
        retry: 1,
        steps: [sampleStep('a', { meta: null, output: { auc: 0.63 }, attempts: 0 }), sampleStep('b', { output: 7 }), sampleStep('c')],
      }),
    );
    const { items, next } = await listSteps(catalog().db, runId, { limit: 2 });
    expect(items.map((step) => [step.step, step.status, step.output])).toEqual([
      ['a', 'done', { auc: 0.63 }],
      ['b', 'done', 7],
    ]);
    expect(items[0]?.attempts).toBe(1); // what the first try measured stays
    expect((await listSteps(catalog().db, runId, { limit: 2, cursor: Number(next) })).items.map((step) => step.step)).toEqual(['c']);
    expect(await countSteps(catalog().db, runId)).toEqual({ done: 3 });
    expect(await getStep(catalog().db, runId, 'zzz')).toBeUndefined();
  });

  it('writes pages of a thousand steps', async () => {
    const { runId } = sampleRun();
    const steps = Array.from({ length: 1_200 }, (_, i) => sampleStep(`s[${i}]`));
    await catalog().transaction((trx) => writePage(trx, { runId, retry: 0, page: '1', at: 1, steps }));
    expect(await countSteps(catalog().db, runId)).toEqual({ done: 1_200 });
  });

  it('gives the outputs of finished steps in pages of bytes, and not those that were only seen to end', async () => {
    const { runId } = sampleRun();
    const steps = [
      ...Array.from({ length: 5 }, (_, i) => sampleStep(`s${i}`, { output: 'x'.repeat(400) })),
      sampleStep('bad', { status: 'failed' }),
      sampleStep('seen', { output: null, meta: null }),
      sampleStep('null', { output: null }),
    ];
    await catalog().transaction((trx) => writePage(trx, { runId, retry: 0, page: '1', at: 1, steps }));
    const names: string[] = [];
    let cursor: number | null = 0;
    let pages = 0;
    while (cursor !== null) {
      const page: { done: Record<string, unknown>; next: number | null } = await listDone(catalog().db, runId, cursor, 1_000);
      names.push(...Object.keys(page.done));
      cursor = page.next;
      pages++;
    }
    expect(names).toEqual(['s0', 's1', 's2', 's3', 's4', 'null']);
    expect(pages).toBe(3);
  });

  it('gives one run for a key, however many ask at once, and refuses another body', async () => {
    const ids = Array.from({ length: 8 }, () => newId());
    const claim = (runId: string, digest: string) =>
      catalog().transaction((trx) => claimKey(trx, { project: 'default', pipeline: 'p', key: 'nightly', digest, runId, at: 1 }));
    const holders = await Promise.all(ids.map((runId) => claim(runId, 'same')));
    expect(new Set(holders).size).toBe(1);
    await expect(claim(newId(), 'other')).rejects.toMatchObject({ code: 'HDL-KEY-REUSED', what: expect.stringContaining('nightly') });
  });

  it('keeps the first pin of a request, and forgets only missing ones', async () => {
    const runId = newId();
    const request = { kind: 'model', name: 'm@champion', optional: true } as const;
    const slice = { kind: 'slice', dataset: 'd', how: 'at', key: { day: '2001-03-01' } } as const;
    expect(await getPin(catalog().db, runId, request)).toBeUndefined();
    expect(await keepPin(catalog().db, runId, request, null, 1)).toBeNull();
    expect(await keepPin(catalog().db, runId, request, { missing: 'x' }, 2)).toBeNull();
    await keepPin(catalog().db, runId, slice, { missing: 'day=2001-03-01' }, 3);
    await forgetMissingPins(catalog().db, runId);
    expect(await getPin(catalog().db, runId, slice)).toBeUndefined();
    expect(await pinnedVersion(catalog().db, runId, 'm@champion')).toBeNull();
    expect(await pinnedVersion(catalog().db, runId, 'other@champion')).toBeUndefined();
  });

  it('registers immutable versions: one for a step, one for a content', async () => {
    const project = newId();
    const entry = { project, name: 'm', uri: 'file:///m', details: {}, at: 1 };
    const many = await Promise.all([1, 2, 3, 4].map((i) => registerVersion(catalog(), { ...entry, digest: `d${i}`, runId: newId(), step: 's' })));
    expect(many.map((version) => version.version).toSorted()).toEqual(['1', '2', '3', '4']);
    const runId = newId();
    const own = await registerVersion(catalog(), { ...entry, digest: 'd9', runId, step: 's' });
    expect(await registerVersion(catalog(), { ...entry, digest: 'd9', runId, step: 's' })).toEqual(own);
    expect((await registerVersion(catalog(), { ...entry, digest: 'd9', runId: newId(), step: 's' })).version).toBe(own.version);
    expect(await findModel(catalog().db, project, 'm@3')).toMatchObject({ version: '3' });
    expect(await findModel(catalog().db, project, 'm')).toMatchObject({ version: '5' });
    expect(await findModel(catalog().db, project, 'm@champion')).toBeUndefined();
  });

  it('lets one of two racing promotions win, and gives a repeated step its own change', async () => {
    const project = newId();
    for (const digest of ['a', 'b'])
      await registerVersion(catalog(), { project, name: 'm', uri: 'file:///m', digest, details: {}, runId: newId(), step: 's', at: 1 });
    const move = (to: string, runId: string) =>
      moveAlias(catalog(), { project, name: 'm', alias: 'champion', to, expect: null, by: 'ann', at: 2, runId, step: 'promote' });
    const [one, two] = [newId(), newId()];
    const results = await Promise.allSettled([move('1', one), move('2', two)]);
    expect(results.map((result) => result.status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(results.find((result) => result.status === 'rejected')?.reason).toMatchObject({ code: 'HDL-ALIAS-MOVED' });
    const winner = results[0]?.status === 'fulfilled' ? { run: one, to: '1' } : { run: two, to: '2' };
    expect(await move(winner.to, winner.run)).toMatchObject({ to: winner.to, from: null });
    expect(await aliasHistory(catalog().db, project, 'm')).toHaveLength(1);
    expect(await findModel(catalog().db, project, 'm@champion')).toMatchObject({ version: winner.to });
    expect(await listModels(catalog().db, project)).toEqual([{ name: 'm', createdAt: 1, latest: '2', aliases: { champion: winner.to } }]);
    await expect(moveAlias(catalog(), { project, name: 'm', alias: 'champion', to: '77', by: 'ann', at: 3 })).rejects.toMatchObject({ code: 'HDL-NO-MODEL' });
  });

  it('keeps open waits and gates until they are answered or their run ends', async () => {
    const run = sampleRun({ project: newId() });
    await addRun(catalog().db, run);
    const call = { project: run.project, runId: run.runId, workflowId: run.workflowId, planHash: 'h', deadline: 9_000 };
    await putWait(catalog().db, { ...call, step: 'flights', on: { kind: 'path', uri: 'store://x' } }, 100);
    await putWait(catalog().db, { ...call, step: 'ok', on: { kind: 'gate', ask: 'Promote?', show: { auc: 1 }, from: ['ml-oncall'] } }, 200);
    await putWait(catalog().db, { ...call, step: 'flights', workflowId: 'next', on: { kind: 'path', uri: 'store://x' } }, 300);
    expect(await watchedWaits(catalog().db, { project: run.project, now: 1_000, maxSends: 4, limit: 10 })).toMatchObject([
      { step: 'flights', workflowId: 'next', since: 100 },
    ]);
    expect(await openGates(catalog().db, run.project, 1_000, 10)).toEqual([
      {
        runId: run.runId,
        pipeline: 'flights.train',
        partition: null,
        step: 'ok',
        ask: 'Promote?',
        show: { auc: 1 },
        from: ['ml-oncall'],
        since: 200,
        deadline: 9_000,
      },
    ]);
    expect(await openGates(catalog().db, run.project, 9_500, 10)).toEqual([]);
    await satisfyWait(catalog().db, run.runId, 'flights', { bytes: 3 }, 400);
    await noteWait(catalog().db, run.runId, 'flights', { sentAt: 500, why: 'for x' });
    expect(await getWait(catalog().db, run.runId, 'flights')).toMatchObject({ satisfiedAt: 400, value: { bytes: 3 }, sends: 1, why: 'for x' });
    await removeWaits(catalog().db, run.runId);
    expect(await watchedWaits(catalog().db, { project: run.project, now: 1_000, maxSends: 4, limit: 10 })).toEqual([]);
  });

  it("keeps a retry's attempts and events beside those of the try before", async () => {
    const runId = newId();
    const at = { runId, step: 'fit', attempt: 1, worker: 'w' };
    const failure = { class: 'user', code: 'Error', message: 'no' };
    await catalog().transaction((trx) =>
      putEvents(trx, [
        { kind: 'started', ...at, at: 10 },
        { kind: 'attempt', ...at, at: 11, failure },
      ]),
    );
    await catalog().transaction((trx) => putEvents(trx, [{ kind: 'started', ...at, retry: 1, at: 20 }]));
    expect((await listEvents(catalog().db, { runId, retry: 1 })).map((event) => event.at)).toEqual([20]);
    await catalog().transaction((trx) => writePage(trx, { runId, retry: 1, page: '1', at: 1, steps: [sampleStep('fit', { attempts: 3 })] }));
    expect((await listAttempts(catalog().db, runId, 'fit')).map(({ retry, attempt, observed }) => [retry, attempt, observed])).toEqual([
      [0, 1, true],
      [1, 1, true],
      // the third of its step in this try: a class budget began a round anew
      [1, 3, false],
    ]);
    expect(await listAttempts(catalog().db, runId)).toHaveLength(3);
  });
  it('keeps the newest pushed event of a kind, and marks attempts known only from pushes', async () => {
    const runId = newId();
    const at = { runId, step: 'fit', attempt: 1 };
    await catalog().transaction((trx) =>
      putEvents(trx, [
        { kind: 'started', ...at, worker: 'w', at: 10 },
        { kind: 'progress', ...at, done: 1, total: 3, note: null, at: 11 },
        { kind: 'progress', ...at, done: 2, total: 3, note: null, at: 12 },
        { kind: 'attempt', ...at, worker: 'w', at: 13, failure: { class: 'platform', code: 'X', message: 'm' } },
        { kind: 'started', ...at, attempt: 2, worker: 'w', at: 20 },
      ]),
    );
    expect((await listEvents(catalog().db, { runId, retry: 0 }, ['fit'])).map((event) => event.kind)).toEqual(['started', 'progress', 'attempt', 'started']);
    await catalog().transaction((trx) =>
      writePage(trx, { runId, retry: 0, page: '1', at: 1, steps: [sampleStep('fit', { meta: { startedAt: 21, attempt: 2, worker: 'w', ms: 5 } })] }),
    );
    await catalog().transaction((trx) => putEvents(trx, [{ kind: 'started', ...at, attempt: 2, worker: 'zombie', at: 99 }]));
    expect(await listAttempts(catalog().db, runId, 'fit')).toEqual([
      { step: 'fit', retry: 0, attempt: 1, worker: 'w', startedAt: 10, endedAt: 13, failure: { class: 'platform', code: 'X', message: 'm' }, observed: true },
      { step: 'fit', retry: 0, attempt: 2, worker: 'w', startedAt: 21, endedAt: 26, failure: null, observed: false },
    ]);
    expect(await listEvents(catalog().db, { runId, retry: 0 }, [])).toEqual([]);
    await pruneEvents(catalog().db, 1_000);
    expect(await listEvents(catalog().db, { runId, retry: 0 })).toEqual([]);
  });

  it('knows the workers heard lately, and who did what', async () => {
    const project = newId();
    const hello = { worker: `w-${project}`, pid: 1, host: 'h', pool: 'default', classes: { small: 2 }, tasks: ['fit@1'], startedAt: 1, draining: false };
    await putWorker(catalog().db, project, hello, 1_000);
    expect(await listWorkers(catalog().db, project, 2_000)).toEqual([hello]);
    expect(await listWorkers(catalog().db, project, 60_000)).toEqual([]);
    await addAudit(catalog().db, { project, at: 5, who: 'ann', action: 'cancel', target: 'r1', detail: { force: true } });
    expect(await listAudit(catalog().db, project, 'r1')).toEqual([{ project, at: 5, who: 'ann', action: 'cancel', target: 'r1', detail: { force: true } }]);
  });

  it('undoes a transaction that throws', async () => {
    const run = sampleRun();
    await expect(
      catalog().transaction(async (trx) => {
        await addRun(trx, run);
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    expect(await getRun(catalog().db, run.runId)).toBeUndefined();
  });
});
