/** What a server refuses, shows and restores. */
import { createServer } from 'node:http';
import { readFileSync, statSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../scripts/temporal-server.mjs';
import type { RunDetail } from '../../dsl/contract/api.ts';
import type { RunningServer } from '../../workers/server.ts';
import { serverFixture, startTiny, tiny, type ServerFixture } from './server-fixture.ts';
import { client, startTestServer, testConfig, until, type Client } from './test-server.ts';

let server: RunningServer;
let api: Client;
let fixture: ServerFixture;
beforeAll(async () => {
  fixture = await serverFixture();
  ({ server, api } = fixture);
});
afterAll(() => fixture?.stop());
const { plan, planHash } = tiny;
const start = (params: object, more: object = {}): Promise<string> => startTiny(api, params, more);

describe('a server', () => {
  it('keeps its token in a private file', () => {
    expect(statSync(fixture.state.config.server.tokenFile).mode & 0o777).toBe(0o600);
    expect(readFileSync(fixture.state.config.server.tokenFile, 'utf8').trim().length).toBeGreaterThanOrEqual(32);
  });

  it('shows figures for Prometheus', async () => {
    for (const mode of ['quick', 'fail']) await api.ended(await start({ mode }));
    const text = await (await fetch(`${server.url}/metrics`)).text();
    expect(text).toMatch(/heddle_runs\{status="done"\} \d+/);
    expect(text).toContain('heddle_schedule_delay_seconds_count');
    expect(text).toContain('temporal_workflow_task_execution_latency');
    expect(text).toMatch(/heddle_steps_total\{pipeline="tiny.pipeline",status="failed"\} 1/);
  });

  it('says what it sees of its outside parts', async () => {
    const { body } = await api.get<{ checks: { name: string; ok: boolean }[] }>('/doctor');
    expect(Object.fromEntries(body.checks.map((check) => [check.name, check.ok]))).toMatchObject({ temporal: true, catalog: true, store: true });
  });

  it('refuses a port that is taken, and leaves nothing behind', async () => {
    const other = testConfig(fixture.temporal.address);
    const { config } = other;
    await expect(startTestServer({ ...config, server: { ...config.server, port: server.port } })).rejects.toMatchObject({
      code: 'HDL-PORT-TAKEN',
      what: expect.stringContaining(String(server.port)),
    });
    other.remove();
  });

  it('refuses a Temporal that does not answer, with its address', async () => {
    const other = testConfig('127.0.0.1:1');
    await expect(startTestServer(other.config)).rejects.toMatchObject({ code: 'HDL-TEMPORAL-UNREACHABLE', what: expect.stringContaining('127.0.0.1:1') });
    other.remove();
  });

  it('refuses to listen beyond the loopback without TLS or the flag', async () => {
    const other = testConfig(fixture.temporal.address);
    await expect(startTestServer({ ...other.config, server: { ...other.config.server, host: '0.0.0.0' } })).rejects.toMatchObject({
      code: 'HDL-INSECURE-LISTENER',
    });
    other.remove();
  });

  it('calls the webhook on a failed run, signed, again until it is taken', async () => {
    const got: { signature: string | undefined; body: string }[] = [];
    const receiver = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request
        .on('data', (chunk: Buffer) => chunks.push(chunk))
        .on('end', () => {
          got.push({ signature: request.headers['heddle-signature'] as string | undefined, body: Buffer.concat(chunks).toString('utf8') }); // a single header
          response.writeHead(got.length === 1 ? 500 : 200).end();
        });
    });
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
    const { port } = receiver.address() as { port: number }; // a listening TCP server has one
    process.env['HEDDLE_TEST_HOOK'] = 'sesame';
    const other = testConfig(fixture.temporal.address, {
      project: 'hooked',
      notify: { url: `http://127.0.0.1:${port}/hook`, secretEnv: 'HEDDLE_TEST_HOOK', on: ['failed'] },
    });
    const second = await startTestServer(other.config);
    try {
      const its = client(second.url, other.config);
      await its.post('/plans', { plan, hash: planHash });
      const { body } = await its.run(plan, { mode: 'fail' });
      expect((await its.ended(body.runId)).status).toBe('failed');
      await until(() => got.length >= 2);
      const { signature } = await import('../../api/notify/webhook.ts');
      const last = got.at(-1);
      expect(JSON.parse(last?.body ?? '')).toMatchObject({ kind: 'failed', project: 'hooked', body: { runId: body.runId, failure: 'second: as asked' } });
      expect(last?.signature).toBe(signature('sesame', Number(/t=(\d+)/.exec(last?.signature ?? '')?.[1]), last?.body ?? ''));
    } finally {
      await second.close();
      await new Promise((resolve) => receiver.close(resolve));
      other.remove();
    }
  });

  it('sends after a restart what nobody took before it, under the id that it had', async () => {
    const port = await freePort();
    const other = testConfig(fixture.temporal.address, { project: 'again', notify: { url: `http://127.0.0.1:${port}/hook`, secretEnv: null, on: ['failed'] } });
    const first = await startTestServer(other.config);
    const its = client(first.url, other.config);
    let runId = '';
    try {
      await its.post('/plans', { plan, hash: planHash });
      runId = (await its.run(plan, { mode: 'fail' })).body.runId;
      await its.ended(runId);
      // refused once at least
      await until(async () => (await first.parts.catalog.db.selectFrom('chores').select('failure').executeTakeFirst())?.failure?.includes('ECONNREFUSED'));
    } finally {
      await first.close();
    }
    const got: { id: string; body: { runId: string } }[] = [];
    const receiver = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request
        .on('data', (chunk: Buffer) => chunks.push(chunk))
        .on('end', () => {
          got.push(JSON.parse(Buffer.concat(chunks).toString('utf8')) as (typeof got)[0]); // the webhook's own
          response.end();
        });
    });
    await new Promise<void>((resolve) => receiver.listen(port, '127.0.0.1', resolve));
    const second = await startTestServer(other.config);
    try {
      await until(() => got.length > 0, 30_000);
      expect(got).toMatchObject([{ id: `${runId}/0`, body: { runId } }]);
      const row = await until(
        async () => (await second.parts.catalog.db.selectFrom('chores').selectAll().where('done_at', 'is not', null).executeTakeFirst()) ?? false,
      );
      expect(row.failure).toBeNull();
    } finally {
      await second.close();
      await new Promise((resolve) => receiver.close(resolve));
      other.remove();
    }
  });

  it('restores its catalog from the store', async () => {
    const runId = await start({ mode: 'quick' });
    const before = await api.ended(runId);
    await until(() => server.parts.store.stat(`store://runs/${runId}.json`).then((found) => found ?? undefined));
    await mkdir(join(fixture.state.folder, 'store', 'default', 'runs'), { recursive: true });
    await writeFile(join(fixture.state.folder, 'store', 'default', 'runs', 'broken.json'), '{');
    for (const table of ['runs', 'steps', 'run_pages', 'attempts'] as const) await server.parts.catalog.db.deleteFrom(table).execute();
    expect((await api.get(`/runs/${runId}`)).status).toBe(404);
    const { body } = await api.post<{ runs: number; bad: number }>('/catalog/rebuild', {});
    expect(body.runs).toBeGreaterThan(0);
    expect(body.bad).toBe(1);
    expect((await api.get<RunDetail>(`/runs/${runId}`)).body).toEqual(before);
  });
});
