/** The server's chores, one pass at a time, over a real catalog and store. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pino } from 'pino';
import { createNotifier } from '../../api/notify/webhook.ts';
import { removeStagingsLater } from '../../api/runs/run-staging.ts';
import type { ServerParts } from '../../api/server-parts.ts';
import { openCatalog } from '../../catalog/catalog.ts';
import { putPlan } from '../../catalog/plans.ts';
import { addRun, endRun, reopenRun } from '../../catalog/runs.ts';
import { openStore } from '../../storage/store.ts';
import { choresPass } from '../../workers/server-chores.ts';
import { sampleRun } from '../catalog/samples.ts';
import { testConfig, tinyPlan, type TestConfig } from './test-server.ts';

const notify = { url: 'http://127.0.0.1:1/', secretEnv: null, on: ['failed'] };
let state: TestConfig;
let parts: ServerParts;
beforeEach(async () => {
  state = testConfig('127.0.0.1:1', { notify });
  const catalog = await openCatalog(state.config.catalog);
  const store = openStore({ root: state.config.storageRoot, project: 'default' });
  parts = {
    config: state.config,
    catalog,
    store,
    log: pino({ level: 'silent' }),
    notify: createNotifier(notify, 'default'),
  } as Partial<ServerParts> as ServerParts; // a chore needs no more
});
afterEach(async () => {
  await parts.catalog.close();
  state.remove();
});
const rows = () => parts.catalog.db.selectFrom('chores').selectAll().execute();

describe('a webhook', () => {
  it('is sent once under an id, whoever asks for it how often', async () => {
    const sent: unknown[] = [];
    for (let i = 0; i < 3; i++) await parts.notify(parts.catalog.db, 'failed', 'r/0', { a: 1 });
    await parts.notify(parts.catalog.db, 'done', 'r/0', {}); // not in `on`
    for (let i = 0; i < 3; i++) await choresPass(parts, async (message) => void sent.push(message), Date.now() + 1);
    expect(sent).toMatchObject([{ project: 'default', kind: 'failed', id: 'r/0', body: { a: 1 } }]);
  });

  it('is tried again with growing pauses, and given up with its reason after a day', async () => {
    await parts.notify(parts.catalog.db, 'failed', 'r/0', {});
    const pauses: number[] = [];
    let last = Date.now();
    for (let now = last; (await rows())[0]?.done_at === null; now = (await rows())[0]?.due_at ?? now) {
      let asked = false;
      await choresPass(parts, async () => ((asked = true), Promise.reject(new Error('HTTP 500'))), now);
      if (!asked) continue;
      pauses.push(now - last);
      last = now;
    }
    expect(pauses.slice(0, 4)).toEqual([0, 1_000, 2_000, 4_000]);
    expect(pauses.toSorted((a, b) => a - b)).toEqual(pauses);
    expect(pauses.reduce((sum, pause) => sum + pause) / 3_600_000).toBeGreaterThan(12);
    expect(await rows()).toMatchObject([{ failure: 'HTTP 500', tries: 14 }]);
  });

  it('that another server is sending is left alone, until that has had its time', async () => {
    await parts.notify(parts.catalog.db, 'failed', 'r/0', {});
    const now = Date.now();
    const asked: string[] = [];
    const dies = new Promise<never>(() => undefined);
    void choresPass(parts, async () => (asked.push('first'), dies), now);
    while (asked.length === 0) await new Promise((resolve) => setImmediate(resolve));
    await choresPass(parts, async () => void asked.push('second'), now + 30_000);
    expect(asked).toEqual(['first']);
    await choresPass(parts, async () => void asked.push('third'), now + 60_001);
    expect(asked).toEqual(['first', 'third']);
  });

  it('is in the transaction of what it tells of', async () => {
    await parts.catalog
      .transaction(async (trx) => {
        await parts.notify(trx, 'failed', 'r/0', {});
        throw new Error('the end is not written');
      })
      .catch(() => undefined);
    expect(await rows()).toEqual([]);
  });
});

describe('staging folders of a run that was ended by force', () => {
  const days = { name: 'days', uri: 'store://days', partitions: { day: { kind: 'day', start: '2001-01-01' } }, schema: {} } as const;
  const contract = { name: 'tiny', version: '1', owner: null, input: {}, output: {}, publishes: { '': 'days' } };
  const plan = tinyPlan({ contracts: { ...tinyPlan().contracts, tasks: { 'tiny@1': contract }, datasets: { days } } });
  async function ended() {
    const run = sampleRun({ project: 'default', planHash: 'h' });
    await putPlan(parts.catalog.db, { project: 'default', hash: 'h', plan, by: 'me', at: 1 });
    await addRun(parts.catalog.db, run);
    await endRun(parts.catalog.db, run.runId, { status: 'cancelled', endedAt: 1, output: null, failures: [], abandoned: [] }, {});
    return run;
  }
  const stage = (runId: string) => parts.store.write(`store://days/.heddle/staging/${runId}/fit/1/part.parquet`, Buffer.from('x'));
  const staged = async (runId: string): Promise<boolean> => (await parts.store.stat(`store://days/.heddle/staging/${runId}`)) !== null;

  it('are removed again later, since workers learn of it late', async () => {
    const { runId } = await ended();
    const now = Date.now();
    await removeStagingsLater(parts.catalog.db, { runId, project: 'default', retry: 0 }, now);
    await stage(runId);
    await choresPass(parts, null, now + 29_000);
    expect(await staged(runId)).toBe(true);
    await choresPass(parts, null, now + 30_000);
    expect(await staged(runId)).toBe(false);
    await stage(runId); // one that had blocked its worker
    await choresPass(parts, null, now + 600_001);
    expect(await staged(runId)).toBe(false);
    expect(await rows()).toMatchObject([{ failure: null, done_at: now + 600_001 }]);
  });

  it('are left alone when the run was retried: its steps stage anew', async () => {
    const { runId } = await ended();
    const now = Date.now();
    await removeStagingsLater(parts.catalog.db, { runId, project: 'default', retry: 0 }, now);
    await reopenRun(parts.catalog.db, runId, 'h', now);
    await stage(runId);
    await choresPass(parts, null, now + 30_000);
    expect(await staged(runId)).toBe(true);
  });
});
