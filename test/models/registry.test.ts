/** The registry through its API and its commands: versions that never change, aliases by compare-and-set, rollback with hand-over. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { versionBefore } from '../../api/models/alias-history.ts';
import type { RolledBack } from '../../api/models/rollback-model.ts';
import { exportOnnx } from '../../activities/training/onnx-export.ts';
import { initNetwork, predict, type Network } from '../../activities/training/network.ts';
import { listAudit } from '../../catalog/audit.ts';
import { aliasHistory, findModel, handleOf, listVersions } from '../../catalog/models.ts';
import { newId } from '../../catalog/ids.ts';
import { putPlan } from '../../catalog/plans.ts';
import { addRun, endRun, getRun } from '../../catalog/runs.ts';
import { writePage } from '../../catalog/steps.ts';
import type { ControlStepCall } from '../../dsl/contract/control.ts';
import type { Json } from '../../dsl/plan/types.ts';
import { sha256Hex } from '../../storage/digest.ts';
import { controlActivities } from '../../workers/control-activities.ts';
import { sampleRun, sampleStep } from '../catalog/samples.ts';
import { client, tinyPlan } from '../server/test-server.ts';
import { sampleSet } from '../training/sample-set.ts';
import { startRegistryServer, type RegistryServer } from './registry-server.ts';

let server: RegistryServer;
let folder = '';
beforeAll(async () => {
  server = await startRegistryServer();
  folder = mkdtempSync(join(tmpdir(), 'heddle-models-'));
});
afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const set = sampleSet(64, 5);
const networkOf = (seed: number): Network => initNetwork(set.x, 3, 4, seed);

/** Registers what a training step wrote, as a run does. */
async function register(name: string, seed: number, runId = newId(), more: object = {}) {
  const { parts } = server;
  const weights = exportOnnx(networkOf(seed));
  const folderOfStep = `store://steps/${runId}/train/artifacts/model`;
  await parts.store.write(`${folderOfStep}/model.onnx`, weights);
  await parts.store.write(`${folderOfStep}/meta.json`, Buffer.from(JSON.stringify({ format: 1, features: ['a', 'b'], profile: { a: { min: 0, max: 1 } } })));
  const model = { kind: 'model', name, version: 'unregistered', uri: parts.store.resolve(folderOfStep), digest: `sha256:${sha256Hex(weights)}` };
  const input = { model, metrics: { auc: 0.6 + seed / 100 }, slices: { 'origin ORD': { auc: 0.58 } }, ...more };
  const call: ControlStepCall = { project: 'default', runId, pipeline: 'flights.train', step: 'register', input: input as unknown as Json };
  const { output } = await controlActivities(parts)['heddle.register_model'](call);
  return (output as unknown as { model: { version: string; uri: string; digest: string } }).model;
}

describe('a version', () => {
  it('keeps its files in a place of its own, with metrics, slices, schema and ranges, and the code of its run', async () => {
    const run = sampleRun({ partition: '2001-03-08' });
    await addRun(server.parts.catalog.db, run);
    const made = await register('kept', 1, run.runId);
    await server.parts.store.remove(`store://steps/${run.runId}`, { recursive: true });
    expect(`sha256:${sha256Hex(await server.parts.store.read(`${made.uri}/model.onnx`))}`).toBe(made.digest);
    const meta = { startedAt: 1, attempt: 1, worker: 'w', ms: 1, codeDigest: 'sha256:code' };
    await server.parts.catalog.transaction((trx) =>
      writePage(trx, { runId: run.runId, retry: 0, page: '1', at: 1, steps: [sampleStep('train', { task: 'flights.train_one', meta })] }),
    );
    const { body } = await server.api.get('/models/kept/versions/1');
    expect(body).toMatchObject({
      version: '1',
      digest: made.digest,
      runId: run.runId,
      details: {
        metrics: { auc: 0.61 },
        slices: { 'origin ORD': { auc: 0.58 } },
        meta: { features: ['a', 'b'], profile: { a: { max: 1 } } },
        pipeline: 'flights.train',
        partition: '2001-03-08',
        planHash: 'plan-1',
      },
      code: [{ task: 'flights.train_one', version: '1', digest: 'sha256:code' }],
    });
    const shown = await server.heddle('models', 'kept@1');
    expect(shown.stdout).toContain(made.digest);
    expect(shown.stdout).toContain('origin ORD: auc 0.5800');
    expect(shown.stdout).toContain('flights.train_one 1 sha256:code');
  });

  it('is refused when its weights are not those of its handle, or are not there', async () => {
    const { store } = server.parts;
    await store.write('store://steps/x/model/model.onnx', Buffer.from('other weights'));
    const model = { kind: 'model', name: 'refused', version: 'unregistered', uri: store.resolve('store://steps/x/model'), digest: `sha256:${'0'.repeat(64)}` };
    const ask = (input: object): Promise<unknown> =>
      controlActivities(server.parts)['heddle.register_model']({
        project: 'default',
        runId: newId(),
        pipeline: 'p',
        step: 's',
        input: input as unknown as Json,
      });
    await expect(ask({ model })).rejects.toMatchObject({ nonRetryable: true, details: [{ class: 'data', code: 'HDL-MODEL-FILE' }] });
    await expect(ask({ model: { ...model, uri: store.resolve('store://steps/none') } })).rejects.toMatchObject({ details: [{ code: 'HDL-MODEL-FILE' }] });
    expect(await listVersions(server.parts.catalog.db, 'default', 'refused')).toEqual([]);
  });

  it('that is not there is told with what there is', async () => {
    await register('known', 1);
    expect((await server.api.get('/models/known/versions/9')).body.error).toMatchObject({ code: 'HDL-NO-MODEL', what: expect.stringContaining('up to 1') });
    expect((await server.api.get('/models/knwon')).body.error?.what).toContain('Did you mean "known"?');
  });
});

describe('heddle promote', () => {
  it('moves an alias, kept with who and why, in the journal and in the audit', async () => {
    for (const seed of [1, 2]) await register('moved', seed);
    const first = await server.heddle('promote', 'moved@1', '--note', 'the first', '--json');
    expect(JSON.parse(first.stdout)).toMatchObject({ alias: 'champion', from: null, to: '1', by: 'ann', note: 'the first' });
    expect((await server.heddle('promote', 'moved@2', '--note', 'better in June')).stdout).toContain('moved@champion is version 2 now; it was version 1');
    expect((await server.heddle('promote', 'moved@1', '--alias', 'candidate')).code).toBe(0);
    const { db } = server.parts.catalog;
    expect((await aliasHistory(db, 'default', 'moved')).map(({ alias, to, by, note }) => [alias, to, by, note])).toEqual([
      ['champion', '1', 'ann', 'the first'],
      ['champion', '2', 'ann', 'better in June'],
      ['candidate', '1', 'ann', null],
    ]);
    expect(await listAudit(db, 'default', 'model:moved@2')).toMatchObject([{ who: 'ann', action: 'promote', detail: { from: '1', note: 'better in June' } }]);
    const journal = await server.parts.store.list('store://models/journal');
    expect(journal.filter(({ uri }) => uri.includes('alias-moved')).length).toBe(3);
    const shown = (await server.heddle('models', 'moved')).stdout;
    expect(shown).toMatch(/champion\s+1\s+2\s+.*ann\s+better in June/);
    expect((await server.heddle('models')).stdout).toMatch(/moved\s+2\s+candidate 1, champion 2/);
  });

  it('of two at once lets one win and tells the other, on what it had seen', async () => {
    for (const seed of [1, 2, 3]) await register('raced', seed);
    await server.heddle('promote', 'raced@1');
    const results = await Promise.all(['2', '3'].map((version) => server.api.post('/models/raced/promote', { version, alias: 'champion', expect: '1' })));
    expect(results.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409]);
    const loser = results.find(({ status }) => status === 409);
    expect(loser?.body.error).toMatchObject({ code: 'HDL-ALIAS-MOVED', what: expect.stringContaining('not version 1') });
    const told = await server.heddle('promote', 'raced@1', '--expect', '1');
    expect(told).toMatchObject({ code: 1, stderr: expect.stringContaining('HDL-ALIAS-MOVED') });
  });

  it('is for operators, and refuses what is no version or no alias', async () => {
    const asLooker = client(server.url, server.parts.config, 'looker-token');
    expect((await asLooker.post('/models/moved/promote', { version: '1' })).body.error?.code).toBe('HDL-FORBIDDEN');
    expect((await server.heddle('promote', 'moved')).code).toBe(2);
    expect((await server.heddle('promote', 'moved@77')).stderr).toContain('HDL-NO-MODEL');
    expect((await server.api.post('/models/moved/promote', { version: '1', alias: 'no alias' })).body.error?.code).toBe('HDL-BAD-REQUEST');
  });
});

describe('heddle rollback', () => {
  it('knows the version before, over earlier rollbacks too', () => {
    const of = (...to: string[]) => versionBefore(to.map((version) => ({ to: version })));
    expect([of(), of('1'), of('1', '2'), of('1', '2', '3', '2'), of('1', '2', '1', '3'), of('1', '2', '2')]).toEqual([null, null, '1', '1', '1', '1']);
  });

  it('takes the alias back, stops what runs with the version that goes and starts its pipelines with the one that comes back', async () => {
    const { db } = server.parts.catalog;
    for (const seed of [1, 2]) await register('served', seed);
    await server.heddle('promote', 'served@1');
    await server.heddle('promote', 'served@2');
    const [old, bad] = [await findModel(db, 'default', 'served@1'), await findModel(db, 'default', 'served@2')];
    const plan = tinyPlan({ name: 'flights.prewarm', contracts: { ...tinyPlan().contracts, params: {} } });
    await putPlan(db, { project: 'default', hash: 'prewarm', plan, by: 'ann', at: 1 });
    const run = async (over: object) => {
      const row = sampleRun({ pipeline: 'flights.prewarm', planHash: 'prewarm', createdAt: Date.now(), ...over });
      await addRun(db, row);
      return row;
    };
    const params = { model: handleOf(bad!) as unknown as Json, cache: '/cache', nested: [{ with: handleOf(bad!) as unknown as Json }] };
    const ended = await run({ params });
    await endRun(db, ended.runId, { status: 'done', endedAt: 9, output: null, failures: [], abandoned: [] }, {});
    const open = await run({ params, workflowId: 'still-running' });
    await db.updateTable('runs').set({ status: 'running' }).where('run_id', '=', open.runId).execute();
    const other = await run({ params: { model: handleOf(old!) as unknown as Json } });
    await endRun(db, other.runId, { status: 'done', endedAt: 9, output: null, failures: [], abandoned: [] }, {});

    const done = await server.heddle('rollback', 'served', '--note', 'worse in Denver', '--json');
    const answer = JSON.parse(done.stdout) as RolledBack;
    expect(answer).toMatchObject({ change: { from: '2', to: '1', by: 'ann', note: 'worse in Denver' }, cancelled: [open.runId], failed: [] });
    expect(server.cancelled).toEqual(['still-running']);
    expect(answer.started).toMatchObject([{ pipeline: 'flights.prewarm', startedBy: 'ann' }]);
    const again = await getRun(db, answer.started[0]!.runId);
    expect(again?.params).toEqual({ model: handleOf(old!), cache: '/cache', nested: [{ with: handleOf(old!) }] });
    expect(server.started).toEqual(['flights.prewarm']);
    expect(await listAudit(db, 'default', 'model:served@1')).toContainEqual(expect.objectContaining({ action: 'rollback', who: 'ann' }));
    const nothing = await server.heddle('rollback', 'served');
    expect(nothing).toMatchObject({ code: 1, stderr: expect.stringContaining('HDL-NO-EARLIER') });
  });

  it('only moves the alias when it is told to, to the version that is named', async () => {
    for (const seed of [1, 2, 3]) await register('alone', seed);
    for (const version of ['1', '2', '3']) await server.heddle('promote', `alone@${version}`);
    const before = server.started.length;
    expect((await server.heddle('rollback', 'alone', '--to', '1', '--no-hand-over')).stdout).toContain('alone@champion is version 1 again; it was version 3');
    expect(server.started.length).toBe(before);
  });

  it('says which pipeline could not be started again', async () => {
    const { db } = server.parts.catalog;
    for (const seed of [1, 2]) await register('broken', seed);
    for (const version of ['1', '2']) await server.heddle('promote', `broken@${version}`);
    const bad = await findModel(db, 'default', 'broken@2');
    await addRun(db, sampleRun({ pipeline: 'gone', planHash: 'gone', params: { model: handleOf(bad!) as unknown as Json }, createdAt: Date.now() }));
    const done = await server.heddle('rollback', 'broken');
    expect(done).toMatchObject({ code: 1, stdout: expect.stringContaining('not started gone') });
  });
});

describe('heddle models import', () => {
  const file = (): string => join(folder, 'model.onnx');
  const sampleFile = (name: string, expected: readonly number[]): string => {
    const inputs = Array.from({ length: 4 }, (_, row) => [...set.x.subarray(row * 3, row * 3 + 3)]);
    writeFileSync(join(folder, name), JSON.stringify({ inputs, expected }));
    return join(folder, name);
  };
  const truth = (): number[] => [...predict(networkOf(9), set.x, 4)];
  beforeAll(() => {
    writeFileSync(file(), exportOnnx(networkOf(9)));
  });

  it('registers a file that gives what its sample says', async () => {
    const digest = sha256Hex(exportOnnx(networkOf(9)));
    writeFileSync(join(folder, 'meta.json'), JSON.stringify({ format: 1, features: ['a', 'b', 'c'] }));
    const given = ['--name', 'imported', '--sample', sampleFile('good.json', truth()), '--digest', `sha256:${digest}`, '--meta', join(folder, 'meta.json')];
    const done = await server.heddle('models', 'import', file(), ...given, '--note', 'from the lab', '--json');
    expect(JSON.parse(done.stdout)).toMatchObject({
      name: 'imported',
      version: '1',
      digest: `sha256:${digest}`,
      details: { imported: { by: 'ann', note: 'from the lab', parity: { rows: 4, tolerance: 1e-5 } }, meta: { features: ['a', 'b', 'c'] } },
    });
    const again = await server.heddle('models', 'import', file(), ...given, '--json');
    expect(JSON.parse(again.stdout)).toMatchObject({ version: '1' }); // the same content
    const model = await findModel(server.parts.catalog.db, 'default', 'imported@1');
    expect(sha256Hex(await server.parts.store.read(`${model?.uri}/model.onnx`))).toBe(digest);
  });

  it.each([
    ['another value than expected', (values: number[]) => values.map((value, i) => (i === 2 ? value + 0.1 : value)), /gives .* for row 2/],
    ['fewer expected values than inputs', (values: number[]) => values.slice(1), /The sample is none/],
    ['a value that is no number', (values: number[]) => values.map(() => null as unknown as number), /The sample is none/],
  ])('refuses a sample with %s, and sends nothing', async (_, change, message) => {
    const sample = sampleFile('bad.json', change(truth()));
    const done = await server.heddle('models', 'import', file(), '--name', 'not-imported', '--sample', sample);
    expect(done).toMatchObject({ code: 1, stderr: expect.stringMatching(message) });
    expect(done.stderr).toContain('HDL-MODEL-PARITY');
    expect(await listVersions(server.parts.catalog.db, 'default', 'not-imported')).toEqual([]);
  });

  it('refuses another file than the digest says, and what is no model', async () => {
    const sample = sampleFile('good.json', truth());
    const other = await server.heddle('models', 'import', file(), '--name', 'x', '--sample', sample, '--digest', '0'.repeat(64));
    expect(other.stderr).toContain('HDL-MODEL-FILE');
    writeFileSync(join(folder, 'text.onnx'), 'no model');
    expect((await server.heddle('models', 'import', join(folder, 'text.onnx'), '--name', 'x', '--sample', sample)).stderr).toContain('HDL-MODEL-PARITY');
    const narrow = join(folder, 'narrow.json');
    writeFileSync(narrow, JSON.stringify({ inputs: [[1, 2]], expected: [0.5] }));
    expect((await server.heddle('models', 'import', file(), '--name', 'x', '--sample', narrow)).stderr).toMatch(/does not run on the sample/);
  });

  it('is checked by the server again', async () => {
    const body = { onnx: Buffer.from('other').toString('base64'), digest: `sha256:${'1'.repeat(64)}`, parity: {} };
    expect(await server.api.post('/models/x/import', body)).toMatchObject({ status: 422, body: { error: { code: 'HDL-MODEL-FILE' } } });
  });
});
