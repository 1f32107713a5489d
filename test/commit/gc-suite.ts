/** heddle gc, rollbacks and the numbers of publishes, on a real catalog and any store: what goes, what never goes, and who is told. Tests only. */
import type { Client } from '@temporalio/client';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { collectGarbage, type GcReport } from '../../api/gc/collect-garbage.ts';
import { createApp } from '../../api/app.ts';
import { tokenHash } from '../../api/auth/tokens.ts';
import { createMetrics } from '../../api/metrics.ts';
import { createNotifier } from '../../api/notify/webhook.ts';
import { rollbackPartition } from '../../api/partitions/rollback-partition.ts';
import type { ServerParts } from '../../api/server-parts.ts';
import { listAudit } from '../../catalog/audit.ts';
import { openCatalog } from '../../catalog/catalog.ts';
import { keepPin } from '../../catalog/pins.ts';
import { putPlan } from '../../catalog/plans.ts';
import { listPublications } from '../../catalog/publications.ts';
import { addRun, endRun, markStarted } from '../../catalog/runs.ts';
import { retentionOf } from '../../config/retention.ts';
import type { SliceHandle } from '../../dsl/contract/step.ts';
import type { DatasetDef } from '../../dsl/plan/types.ts';
import { pinSlice } from '../../storage/datasets/pin-slice.ts';
import { publishPartition } from '../../storage/datasets/publish-partition.ts';
import type { Store } from '../../storage/store.ts';
import { childUri, nameOfUri } from '../../storage/uri.ts';
import { issueGenerations } from '../../workers/control-generations.ts';
import { sampleRun } from '../catalog/samples.ts';
import { testConfig, tinyPlan, type TestConfig } from '../server/test-server.ts';
import { KEY, numbers, PATH, stage, valuesOf, visible } from './commit-kit.ts';

/** `open`: the store of the project 'default'; `root`: a folder that it may have. */
export function gcSuite(open: (root: string) => Store): void {
  const DAY_MS = 86_400_000;
  let state: TestConfig;
  let parts: ServerParts;
  beforeAll(async () => {
    state = testConfig('127.0.0.1:1');
    parts = {
      config: state.config,
      catalog: await openCatalog(state.config.catalog),
      store: open(state.config.storageRoot),
      temporal: {} as Client, // nothing here asks it
      log: pino({ level: 'silent' }),
      metrics: createMetrics(),
      notify: createNotifier(null, 'default'),
    };
  });
  afterAll(async () => {
    await parts.catalog.close();
    state.remove();
  });

  /** A dataset of its own name, which a plan in the catalog declares. */
  async function declared(more: Partial<DatasetDef> = {}): Promise<DatasetDef> {
    const d = numbers(more);
    const named = { ...d, name: d.uri.slice('store://'.length) };
    const tiny = tinyPlan();
    const plan = tinyPlan({ contracts: { ...tiny.contracts, datasets: { [named.name]: named } } });
    await putPlan(parts.catalog.db, { project: 'default', hash: named.name, plan, by: 'ann', at: Date.now() });
    return named;
  }
  async function run(isLive: boolean, endedAt = Date.now()): Promise<string> {
    const row = sampleRun();
    const { db } = parts.catalog;
    await addRun(db, row);
    await markStarted(db, row.runId, 1);
    if (!isLive) await endRun(db, row.runId, { status: 'done', endedAt, output: null, failures: [], abandoned: [] }, {});
    return row.runId;
  }
  /** As heddle.publish does, under a number of the server. `at`: when. */
  async function publish(d: DatasetDef, values: readonly number[], runId: string, at = Date.now(), key = KEY): Promise<SliceHandle> {
    const staged = await stage(parts.store, d, values, runId, { key });
    const { generations } = await issueGenerations(parts)({ project: 'default', runId, step: 'build', staged: [{ ...staged, at: [] }] });
    return publishPartition(parts.store, staged, { replace: true, generation: generations[0], now: () => at });
  }
  const gc = (dryRun: boolean): Promise<GcReport> => collectGarbage(parts, retentionOf(null), dryRun);
  const of = (report: GcReport, d: DatasetDef): string[] => {
    const root = `${parts.store.resolve(d.uri)}/`;
    return report.items.filter(({ uri, bytes }) => uri.startsWith(root) && bytes > 0).map(({ kind, uri }) => `${kind} ${uri.slice(root.length)}`);
  };
  const kept = async (d: DatasetDef): Promise<string[]> =>
    (await parts.store.list(childUri(parts.store.resolve(d.uri), '.heddle', 'gen', PATH))).map(({ uri }) => nameOfUri(uri));

  describe('the number of a publish', () => {
    it('grows by one, is the same for the same staging, and is above what the store knows', async () => {
      const d = await declared();
      const runId = await run(true);
      const issue = async (staged: Awaited<ReturnType<typeof stage>>): Promise<readonly number[]> =>
        (await issueGenerations(parts)({ project: 'default', runId, step: 'build', staged: [{ ...staged, at: [] }] })).generations;
      const [a, b] = [await stage(parts.store, d, [1], runId), await stage(parts.store, d, [1], runId)];
      expect([await issue(a), await issue(b), await issue(a)]).toEqual([[1], [2], [1]]);
      await publishPartition(parts.store, await stage(parts.store, d, [1], 'other catalog'), { replace: true, generation: 40 });
      expect(await issue(await stage(parts.store, d, [2], runId))).toEqual([41]);
    });
    it('is given to one of many who ask at once', async () => {
      const d = await declared();
      const staged = await Promise.all(Array.from({ length: 12 }, () => stage(parts.store, d, [1], 'r')));
      const given = await Promise.all(
        staged.map((one) => issueGenerations(parts)({ project: 'default', runId: 'r', step: 's', staged: [{ ...one, at: [] }] })),
      );
      expect(given.map(({ generations }) => generations[0] ?? 0).toSorted((x, y) => x - y)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
    });
  });

  describe('old generations', () => {
    it('go beyond the three newest, when they were replaced more than seven days ago; a dry run removes nothing', async () => {
      const d = await declared();
      const runId = await run(false);
      const now = Date.now();
      for (const [i, ago] of [60, 50, 40, 30, 20, 10].entries()) await publish(d, [i], runId, now - ago * DAY_MS);
      expect(of(await gc(true), d)).toEqual([`generation .heddle/gen/${PATH}/2`, `generation .heddle/gen/${PATH}/1`]);
      expect(await kept(d)).toEqual(['1', '2', '3', '4', '5']);
      const report = await gc(false);
      expect(report.items.every(({ why }) => why !== '')).toBe(true);
      expect(of(report, d)).toHaveLength(2);
      expect(await kept(d)).toEqual(['3', '4', '5']);
      expect(of(await gc(false), d)).toEqual([]);
      expect(await visible(parts.store, d)).toEqual([5]);
    });
    it('stay while they are young', async () => {
      const d = await declared();
      const runId = await run(false);
      for (let i = 0; i < 6; i++) await publish(d, [i], runId);
      expect(of(await gc(false), d)).toEqual([]);
    });
    it('stay while a run that is not over has pinned or published them', async () => {
      const d = await declared();
      const [live, over, ago] = [await run(true), await run(false), Date.now() - 60 * DAY_MS];
      await publish(d, [1], over, ago);
      const pinned = (await pinSlice(parts.store, d, [KEY])) as SliceHandle;
      await keepPin(parts.catalog.db, live, { kind: 'slice', dataset: d.name, how: 'at', key: KEY }, pinned, 1);
      const own = await publish(d, [2], live, ago);
      for (let i = 3; i < 8; i++) await publish(d, [i], over, ago);
      expect(of(await gc(false), d)).toEqual([`generation .heddle/gen/${PATH}/3`]);
      expect(await valuesOf(parts.store, d, pinned)).toEqual([1]);
      expect(await valuesOf(parts.store, d, own)).toEqual([2]);
    });
  });

  describe('partitions beyond retain', () => {
    it('go, but not one that a run reads; a publish with a lower number than the one that went is refused', async () => {
      const d = await declared({ retainMs: 30 * DAY_MS });
      const live = await run(true);
      const slice = await publish(d, [1], await run(false));
      await publish(d, [2], await run(false), Date.now(), { day: '2001-03-02' });
      await keepPin(parts.catalog.db, live, { kind: 'slice', dataset: d.name, how: 'at', key: { day: '2001-03-01' } }, slice, 1);
      expect(of(await gc(false), d)).toEqual(['partition day=2001-03-02']);
      expect(await valuesOf(parts.store, d, slice)).toEqual([1]);
      const late = await stage(parts.store, d, [9], 'zombie', { key: { day: '2001-03-02' } });
      await expect(publishPartition(parts.store, late, { replace: true, generation: 1 })).rejects.toMatchObject({ code: 'HDL-FENCED' });
      expect((await publish(d, [3], await run(false), Date.now(), { day: '2001-03-02' })).partitions).toMatchObject([{ generation: 2 }]);
    });
    it('go though one beside them was edited by hand: that one is named as what could not be looked at', async () => {
      const d = await declared({ retainMs: 30 * DAY_MS });
      for (const day of ['2001-03-01', '2001-03-02', '2001-03-03']) await publish(d, [1], await run(false), Date.now(), { day });
      const root = parts.store.resolve(d.uri);
      await parts.store.write(childUri(root, 'day=2001-03-02', '_manifest.json'), Buffer.from('{}'));
      await parts.store.renameFolder(childUri(root, 'day=2001-03-03'), childUri(root, 'day=1999-03-03')); // before the dataset's start
      const report = await gc(false);
      expect(of(report, d)).toEqual(['partition day=2001-03-01']);
      expect(report.failed.filter(({ uri }) => uri.startsWith(root))).toEqual([
        { uri: childUri(root, 'day=2001-03-02'), why: expect.stringContaining('_manifest.json') },
      ]);
      await parts.store.remove(root, { recursive: true }); // later clean-ups look at all datasets
    });
    it('stay where the dataset keeps everything', async () => {
      const d = await declared();
      await publish(d, [1], await run(false));
      expect(of(await gc(false), d)).toEqual([]);
    });
  });

  describe('what runs left', () => {
    it('stagings of runs that are over go; those of a live or unknown run stay', async () => {
      const d = await declared();
      const [live, over] = [await run(true), await run(false)];
      for (const runId of [live, over, '01UNKNOWN']) await stage(parts.store, d, [1], runId);
      expect(of(await gc(false), d)).toEqual([`staging .heddle/staging/${over}`]);
      expect((await parts.store.list(childUri(parts.store.resolve(d.uri), '.heddle', 'staging'))).map(({ uri }) => nameOfUri(uri)).toSorted()).toEqual(
        ['01UNKNOWN', live].toSorted(),
      );
    });
    it('is listed as trash when a clean-up was killed, and becomes a generation again if a run pinned it', async () => {
      const d = await declared();
      const slice = await publish(d, [1], await run(false));
      const root = parts.store.resolve(d.uri);
      await parts.store.renameFolder(childUri(root, PATH), childUri(root, '.heddle', 'trash', `day%3D2001-03-01@1`));
      await keepPin(parts.catalog.db, await run(true), { kind: 'slice', dataset: d.name, how: 'at', key: KEY }, slice, 1);
      await gc(false);
      expect(await valuesOf(parts.store, d, slice)).toEqual([1]);
      expect(of(await gc(true), d)).toEqual([]);
    });
  });

  describe('a rollback', () => {
    it('puts the generation before in place under a new number, with who and why; readers of either go on', async () => {
      const d = await declared();
      const runId = await run(false);
      const [one, two] = [await publish(d, [1], runId), await publish(d, [2], runId)];
      const done = await rollbackPartition(parts, { dataset: d.name, partition: '2001-03-01', who: 'ann', note: 'wrong units' });
      expect(done).toMatchObject({ from: 2, to: 1, generation: 3, rows: 1, runId });
      expect(await visible(parts.store, d)).toEqual([1]);
      expect(await kept(d)).toEqual(['2']);
      expect([await valuesOf(parts.store, d, one), await valuesOf(parts.store, d, two)]).toEqual([[1], [2]]);
      expect(await listPublications(parts.catalog.db, 'default', d.name)).toMatchObject([
        { generation: 3, kind: 'rollback', who: 'ann', note: 'wrong units' },
        {},
        {},
      ]);
      expect(await listAudit(parts.catalog.db, 'default', `${d.name}@2001-03-01`)).toMatchObject([
        { who: 'ann', action: 'partition rollback', detail: { to: 1 } },
      ]);
      await rollbackPartition(parts, { dataset: d.name, partition: '2001-03-01', to: 2, who: 'ann', note: null });
      expect(await visible(parts.store, d)).toEqual([2]);
      expect((await publish(d, [5], runId)).partitions).toMatchObject([{ generation: 5 }]);
    });
    it('to a generation that is not kept is refused, and names those that are', async () => {
      const d = await declared();
      const runId = await run(false);
      for (const n of [1, 2, 3]) await publish(d, [n], runId);
      const refused = rollbackPartition(parts, { dataset: d.name, partition: '2001-03-01', to: 9, who: 'ann', note: null });
      await expect(refused).rejects.toMatchObject({ code: 'HDL-NO-GENERATION', fix: 'Kept are 2, 1; 3 is in place.' });
      await expect(rollbackPartition(parts, { dataset: d.name, partition: '2001-03-02', who: 'ann', note: null })).rejects.toMatchObject({
        code: 'HDL-NO-GENERATION',
      });
      expect(await visible(parts.store, d)).toEqual([3]);
    });
    it('of a partition whose manifest was edited puts a whole one in place', async () => {
      const d = await declared();
      const runId = await run(false);
      for (const n of [1, 2]) await publish(d, [n], runId);
      await parts.store.write(childUri(parts.store.resolve(d.uri), PATH, '_manifest.json'), Buffer.from('{}'));
      await rollbackPartition(parts, { dataset: d.name, partition: '2001-03-01', who: 'ann', note: null });
      expect(await visible(parts.store, d)).toEqual([1]);
    });
    it.each(['day=2001-03-01/../../x', '..', 'hour=2001-03-01T05', 'wiki=en'])('of the partition %s is refused: it is no key', async (partition) => {
      const d = await declared();
      await expect(rollbackPartition(parts, { dataset: d.name, partition, who: 'ann', note: null })).rejects.toMatchObject({ code: 'HDL-BAD-KEY' });
    });
  });

  describe('over the API', () => {
    const get = async (path: string): Promise<{ status: number; body: unknown }> => {
      const app = createApp(parts, [token('ann', 'operator')]);
      const answer = await app.request(`http://127.0.0.1:8233/api/v1${path}`, { headers: { authorization: 'Bearer ann-token', host: '127.0.0.1:8233' } });
      return { status: answer.status, body: await answer.json() };
    };
    it('the partitions of a dataset are listed though one was edited: it is named beside them, within the range that was asked for', async () => {
      const d = await declared();
      for (const day of ['2001-03-01', '2001-03-02', '2001-03-03']) await publish(d, [1], await run(false), Date.now(), { day });
      await parts.store.write(childUri(parts.store.resolve(d.uri), 'day=2001-03-02', '_manifest.json'), Buffer.from('{}'));
      expect(await get(`/partitions/${d.name}`)).toMatchObject({
        status: 200,
        body: {
          partitions: [{ key: '2001-03-01' }, { key: '2001-03-03' }],
          damaged: [{ key: '2001-03-02', path: 'day=2001-03-02', code: 'HDL-MANIFEST', why: expect.stringContaining('_manifest.json') }],
        },
      });
      expect(await get(`/partitions/${d.name}?from=2001-03-03`)).toMatchObject({ body: { partitions: [{ key: '2001-03-03' }], damaged: [] } });
    });
    const token = (name: string, role: string) => ({ name, roles: [role], sha256: tokenHash(`${name}-token`) });
    const post = async (who: string, path: string, body: object): Promise<{ status: number; body: unknown }> => {
      const app = createApp(parts, [token('root', 'admin'), token('ann', 'operator')]);
      const answer = await app.request(`http://127.0.0.1:8233/api/v1${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${who}-token`, 'content-type': 'application/json', host: '127.0.0.1:8233' },
        body: JSON.stringify(body),
      });
      return { status: answer.status, body: await answer.json() };
    };
    it('a clean-up needs an admin and says whether it was a dry run; a rollback needs an operator, whose name is kept', async () => {
      const d = await declared();
      const runId = await run(false);
      for (const n of [1, 2]) await publish(d, [n], runId);
      expect(await post('ann', '/gc', { dryRun: true })).toMatchObject({ status: 403 });
      expect(await post('root', '/gc', { dryRun: true })).toMatchObject({ status: 200, body: { dryRun: true, failed: [] } });
      expect(await post('ann', `/partitions/${d.name}/rollback`, { partition: '2001-03-01' })).toMatchObject({
        status: 200,
        body: { from: 2, to: 1, generation: 3 },
      });
      expect(await listAudit(parts.catalog.db, 'default', `${d.name}@2001-03-01`)).toMatchObject([{ who: 'ann' }]);
      expect(await post('ann', `/partitions/${d.name}/rollback`, { partition: '2001-03-01', to: 77 })).toMatchObject({
        status: 404,
        body: { error: { code: 'HDL-NO-GENERATION' } },
      });
    });
  });
}
