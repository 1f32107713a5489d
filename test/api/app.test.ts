/** The HTTP API in process, on a real SQLite catalog. Temporal is a fake that only notes what was started: what is tested here ends before it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createApp } from '../../api/app.ts';
import { checkOrigin } from '../../api/auth/listener.ts';
import { tokenHash } from '../../api/auth/tokens.ts';
import type { Api } from '../../api/endpoint.ts';
import { createMetrics } from '../../api/metrics.ts';
import { createSender } from '../../api/notify/webhook.ts';
import { openCatalog, type Catalog } from '../../catalog/catalog.ts';
import { addRun, endRun } from '../../catalog/runs.ts';
import type { ResolvedConfig } from '../../config/resolved-config.ts';
import type { RunSummary } from '../../dsl/contract/api.ts';
import type { ErrorJson } from '../../dsl/errors/heddle-error.ts';
import { planHashOf } from '../../storage/digest.ts';
import { openStore } from '../../storage/store.ts';
import { sampleRun } from '../catalog/samples.ts';
import { testConfig, tinyPlan, type TestConfig } from '../server/test-server.ts';

let folder = '';
let state: TestConfig;
let catalog: Catalog;
let app: Api;
let started: { type: string; options: { workflowId: string; args: unknown[] } }[] = [];
const plan = tinyPlan();
const planHash = planHashOf(plan);
const daily = tinyPlan({
  name: 'tiny.daily',
  skeleton: { ...plan.skeleton, name: 'tiny.daily', dimensions: ['day'] },
  contracts: { ...plan.contracts, params: null, partitions: { day: { kind: 'day', start: '2001-01-01' } } },
});

const fakeTemporal = {
  withDeadline: (_at: number, work: () => unknown) => work(),
  workflow: {
    start: async (type: string, options: never) => {
      started.push({ type, options });
    },
    getHandle: () => ({
      query: async () => {
        throw new Error('a fake has no workflows');
      },
    }),
  },
} as unknown as Client; // the few calls that these tests reach

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'heddle-api-'));
  state = testConfig('127.0.0.1:1');
  const token = (name: string, ...roles: string[]) => ({ name, roles, sha256: tokenHash(`${name}-token`) });
  const config: ResolvedConfig = { ...state.config, server: { ...state.config.server, port: 8233, url: 'http://heddle.example:8233' } };
  catalog = await openCatalog(config.catalog);
  app = createApp(
    {
      config,
      catalog,
      store: openStore({ root: config.storageRoot, project: 'default' }),
      temporal: fakeTemporal,
      log: pino({ level: 'silent' }),
      metrics: createMetrics(),
      notify: async () => undefined,
    },
    [token('viewer', 'viewer'), token('operator', 'operator'), token('admin', 'admin'), token('worker', 'worker')],
  );
});
afterAll(async () => {
  await catalog.close();
  state.remove();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  started = [];
});

interface Asked {
  readonly token?: string | null;
  readonly host?: string;
  readonly origin?: string;
  readonly body?: unknown;
  readonly raw?: string;
  readonly type?: string;
}
async function ask<T = unknown>(
  method: string,
  path: string,
  { token = 'admin-token', host = 'localhost:8233', origin, body, raw, type = 'application/json' }: Asked = {},
): Promise<{ status: number; body: T & { error?: ErrorJson } }> {
  const text = raw ?? (body === undefined ? undefined : JSON.stringify(body));
  const answer = await app.request(`http://${host}${path.startsWith('/') ? path : `/api/v1/${path}`}`, {
    method,
    headers: {
      host,
      ...(token !== null && { authorization: `Bearer ${token}` }),
      ...(origin !== undefined && { origin }),
      ...(text !== undefined && { 'content-type': type }),
    },
    ...(text !== undefined && { body: text }),
  });
  return { status: answer.status, body: (await answer.json()) as T & { error?: ErrorJson } };
}
const refused = async (answer: Promise<{ status: number; body: { error?: ErrorJson } }>): Promise<string> => {
  const { status, body } = await answer;
  return `${status} ${body.error?.code ?? 'no code'}`;
};
const run = (over: object = {}) => ({ pipeline: plan.name, planHash, params: {}, partition: null, ...over });

describe('who asks', () => {
  it('must have a token that the server knows', async () => {
    expect(await refused(ask('GET', 'runs', { token: null }))).toBe('401 HDL-NO-TOKEN');
    expect(await refused(ask('GET', 'runs', { token: 'guess' }))).toBe('401 HDL-NO-TOKEN');
    expect((await ask('GET', 'runs', { token: 'viewer-token' })).status).toBe(200);
  });

  it('may do what the role allows: viewer < operator < admin, and worker beside them', async () => {
    expect(await refused(ask('POST', 'runs', { token: 'viewer-token', body: run() }))).toBe('403 HDL-FORBIDDEN');
    expect(await refused(ask('POST', 'catalog/rebuild', { token: 'operator-token', body: {} }))).toBe('403 HDL-FORBIDDEN');
    expect(await refused(ask('POST', 'events', { token: 'admin-token', body: { events: [] } }))).toBe('403 HDL-FORBIDDEN');
    expect(await refused(ask('GET', 'runs', { token: 'worker-token' }))).toBe('403 HDL-FORBIDDEN');
    expect((await ask('POST', 'events', { token: 'worker-token', body: { events: [] } })).status).toBe(200);
    expect((await ask('POST', 'catalog/rebuild', { body: {} })).status).toBe(200);
  });

  it('may ask without a token only for health and the OpenAPI document', async () => {
    expect((await ask('GET', '/health', { token: null })).body).toMatchObject({ ok: true });
    expect((await ask<{ openapi: string }>('GET', '/openapi.json', { token: null })).body.openapi).toBe('3.1.0');
  });

  it('needs a token for whatever else ends like the figures', async () => {
    expect(await refused(ask('GET', 'models/metrics', { token: null }))).toBe('401 HDL-NO-TOKEN');
    expect(await refused(ask('GET', 'runs/metrics', { token: null }))).toBe('401 HDL-NO-TOKEN');
  });

  it('may use the name of the loopback where the server listens on every address, and no other', () => {
    const server = { ...state.config.server, host: '0.0.0.0', url: 'http://server:8233' };
    for (const host of ['127.0.0.1:8233', 'localhost:8233', 'server:8233']) checkOrigin(server, host, undefined);
    expect(() => checkOrigin(server, 'evil.example', undefined)).toThrow('HDL-FOREIGN-HOST');
    expect(() => checkOrigin(server, '127.0.0.1:8233', 'http://evil.example')).toThrow('HDL-FOREIGN-HOST');
    expect(() => checkOrigin({ ...server, host: '10.0.0.5' }, '127.0.0.1:8233', undefined)).toThrow('HDL-FOREIGN-HOST');
  });

  it('is refused with a foreign Host or Origin, even with a token', async () => {
    expect(await refused(ask('GET', 'runs', { host: 'evil.example' }))).toBe('403 HDL-FOREIGN-HOST');
    expect(await refused(ask('GET', 'runs', { origin: 'http://evil.example' }))).toBe('403 HDL-FOREIGN-HOST');
    expect(await refused(ask('GET', 'runs', { origin: 'null' }))).toBe('403 HDL-FOREIGN-HOST');
    expect(await refused(ask('GET', '/health', { token: null, host: 'evil.example' }))).toBe('403 HDL-FOREIGN-HOST');
    expect((await ask('GET', 'runs', { origin: 'http://localhost:8233' })).status).toBe(200);
    expect((await ask('GET', 'runs', { host: 'heddle.example:8233', origin: 'http://heddle.example:8233' })).status).toBe(200);
    expect(await refused(ask('GET', 'runs', { origin: 'http://localhost:9999' }))).toBe('403 HDL-FOREIGN-HOST');
  });
});

describe('a bad request', () => {
  it('is answered with a code and the place of the mistake', async () => {
    expect((await ask('POST', 'runs', { raw: '{"pipeline": ' })).body.error).toMatchObject({
      code: 'HDL-BAD-REQUEST',
      what: expect.stringContaining('no valid JSON'),
    });
    expect(await refused(ask('POST', 'runs', { raw: 'pipeline=x', type: 'application/x-www-form-urlencoded' }))).toBe('400 HDL-BAD-REQUEST');
    expect((await ask('POST', 'runs', { body: { ...run(), pipeline: 7 } })).body.error?.what).toContain('$.pipeline');
    expect((await ask('POST', 'runs', { body: { ...run(), extra: 1 } })).body.error?.what).toContain('extra');
    expect((await ask('GET', 'runs?limit=many')).body.error?.what).toContain('$.limit');
    expect((await ask('POST', 'events', { token: 'worker-token', body: { events: [{ kind: 'what' }] } })).body.error?.what).toContain('$.events[0].kind');
    expect(await refused(ask('GET', 'nothing'))).toBe('404 HDL-NO-ROUTE');
    expect(await refused(ask('DELETE', 'runs'))).toBe('404 HDL-NO-ROUTE');
    expect(await refused(ask('POST', 'runs', { raw: `{"pipeline":"${'x'.repeat(1024 * 1024)}"}` }))).toBe('413 HDL-BODY-TOO-LARGE');
  });

  it('about a run or model that is not there says so', async () => {
    expect(await refused(ask('GET', 'runs/01ARZ3NDEKTSV4RRFFQ69G5FAV'))).toBe('404 HDL-NO-RUN');
    expect(await refused(ask('POST', 'runs/nope/cancel', { body: {} }))).toBe('404 HDL-NO-RUN');
    expect(await refused(ask('GET', 'models/flights.delay'))).toBe('404 HDL-NO-MODEL');
  });

  it('that the server itself cannot handle is HDL-INTERNAL, without a stack', async () => {
    const broken = createApp(
      {
        config: state.config,
        catalog: {} as Catalog,
        store: openStore({ root: folder, project: 'default' }),
        temporal: fakeTemporal,
        log: pino({ level: 'silent' }),
        metrics: createMetrics(),
        notify: async () => undefined,
      },
      [{ name: 'a', roles: ['admin'], sha256: tokenHash('t') }],
    );
    const answer = await broken.request('http://localhost/api/v1/runs', { headers: { host: 'localhost', authorization: 'Bearer t' } });
    expect(answer.status).toBe(500);
    expect(await answer.text()).toMatch(/"code":"HDL-INTERNAL"(?!.*node_modules)/);
  });
});

describe('a plan', () => {
  it('is stored under the hash that the server computes itself', async () => {
    expect((await ask('POST', 'plans', { body: { plan, hash: planHash } })).body).toEqual({ hash: planHash });
    expect((await ask('POST', 'plans', { body: { plan: daily, hash: planHashOf(daily) } })).status).toBe(200);
    expect(await refused(ask('POST', 'plans', { body: { plan: { ...plan, owner: 'mallory' }, hash: planHash } }))).toBe('400 HDL-PLAN-HASH');
    expect((await ask('POST', 'plans', { body: { plan: { ...plan, places: {} }, hash: planHash } })).status).toBe(200); // places are not hashed
  });

  it('that is none is refused with the place', async () => {
    const post = (bad: object) => ask('POST', 'plans', { body: { plan: bad, hash: 'x' } });
    expect((await post({})).body.error).toMatchObject({ code: 'HDL-PLAN-INVALID', what: expect.stringContaining('$.format') });
    expect((await post({ ...plan, format: 99 })).body.error?.what).toContain('formats up to');
    expect((await post({ ...plan, skeleton: { ...plan.skeleton, name: 'other' } })).body.error?.what).toContain('$.skeleton.name');
    expect((await post({ ...plan, skeleton: { ...plan.skeleton, body: {} } })).body.error?.what).toContain('$.skeleton.body');
  });
});

describe('starting a run', () => {
  it('gives its id, writes who asked, and starts one workflow with defaults applied', async () => {
    const { status, body } = await ask<RunSummary>('POST', 'runs', { token: 'operator-token', body: run({ params: { mode: 'x' } }) });
    expect(status).toBe(200);
    expect(body).toMatchObject({ status: 'running', startedBy: 'operator', pipeline: plan.name, counts: {}, endedAt: null });
    expect(started).toMatchObject([
      {
        type: plan.name,
        options: { workflowId: body.workflowId, args: [{ runId: body.runId, params: { mode: 'x', rates: [0.1] }, skeleton: { name: plan.name } }] },
      },
    ]);
  });

  it('is refused before anything starts: unknown pipeline, unknown plan, wrong parameters', async () => {
    expect((await ask('POST', 'runs', { body: run({ pipeline: 'tiny.pipelin' }) })).body.error?.code).toBe('HDL-NO-PIPELINE');
    expect((await ask('POST', 'runs', { body: run({ pipeline: 'tiny.dayly', planHash: 'x' }) })).body.error?.what).toContain('Did you mean "tiny.daily"?');
    expect(await refused(ask('POST', 'runs', { body: run({ planHash: 'unknown' }) }))).toBe('404 HDL-NO-PLAN');
    expect((await ask('POST', 'runs', { body: run({ params: { mdoe: 'x' } }) })).body.error).toMatchObject({
      code: 'HDL-BAD-PARAMS',
      what: expect.stringContaining('Did you mean "mode"?'),
    });
    expect((await ask('POST', 'runs', { body: run({ params: { rates: [0.1, 'fast'] } }) })).body.error?.what).toContain('$.rates[1] must be number');
    expect((await ask('POST', 'runs', { body: run({ params: 'mode' }) })).body.error?.code).toBe('HDL-BAD-PARAMS');
    expect(
      (await ask('POST', 'runs', { body: run({ pipeline: daily.name, planHash: planHashOf(daily), params: { a: 1 }, partition: { day: '2001-03-01' } }) })).body
        .error?.what,
    ).toContain('takes no parameters');
    expect(started).toEqual([]);
  });

  it('is refused for a partition that does not fit the dimensions', async () => {
    const daily_ = (partition: unknown) => ask('POST', 'runs', { body: run({ pipeline: daily.name, planHash: planHashOf(daily), partition }) });
    expect((await daily_(null)).body.error).toMatchObject({ code: 'HDL-BAD-PARTITION', what: expect.stringContaining('none was given') });
    expect((await daily_({ dya: '2001-03-01' })).body.error?.what).toContain('Did you mean "day"?');
    expect((await daily_({ day: 'nope' })).body.error?.code).toBe('HDL-BAD-PARTITION');
    expect((await daily_({ day: 7 })).body.error?.what).toContain('day is 7');
    expect((await ask('POST', 'runs', { body: run({ partition: { day: '2001-03-01' } }) })).body.error?.what).toContain('has no partitions');
    expect(started).toEqual([]);
    expect(
      (await ask<RunSummary>('POST', 'runs', { body: run({ pipeline: daily.name, planHash: planHashOf(daily), partition: { day: '2001-03-01' } }) })).body
        .partition,
    ).toBe('2001-03-01');
    expect((await ask<{ items: RunSummary[] }>('GET', 'runs?partition=2001-03-01')).body.items).toHaveLength(1);
  });

  it('with a key is done once; the same key with another body is refused', async () => {
    const first = await ask<RunSummary>('POST', 'runs', { body: run({ key: 'a' }) });
    const second = await ask<RunSummary>('POST', 'runs', { body: run({ key: 'a' }) });
    expect([second.body.runId, first.body.existed, second.body.existed]).toEqual([first.body.runId, undefined, true]);
    expect(started).toHaveLength(1);
    expect(await refused(ask('POST', 'runs', { body: run({ key: 'a', params: { mode: 'other' } }) }))).toBe('409 HDL-KEY-REUSED');
  });
});

describe('the answers', () => {
  it('have the shapes that the OpenAPI document promises', async () => {
    const { body } = await ask<{ paths: Record<string, Record<string, unknown>>; components: { schemas: Record<string, unknown> } }>('GET', '/openapi.json', {
      token: null,
    });
    for (const path of [
      '/plans',
      '/runs',
      '/runs/{runId}',
      '/runs/{runId}/steps',
      '/runs/{runId}/wait',
      '/runs/{runId}/explain',
      '/runs/{runId}/logs',
      '/runs/{runId}/plan',
      '/runs/{runId}/cancel',
      '/runs/{runId}/pause',
      '/runs/{runId}/resume',
      '/runs/{runId}/retry',
      '/runs/{runId}/answer',
      '/runs/{runId}/events',
      '/approvals',
      '/models',
      '/models/{name}',
      '/workers',
      '/events',
      '/catalog/rebuild',
      '/doctor',
    ]) {
      expect(Object.keys(body.paths), path).toContain(`/api/v1${path}`);
    }
    const answers = (path: string, method: string): string[] =>
      Object.keys((body.paths[`/api/v1${path}`]?.[method] as { responses: object } | undefined)?.responses ?? {});
    expect(answers('/runs', 'post')).toEqual(expect.arrayContaining(['200', '400', '401', '403', '404', '409', '413', '500', '503']));
    expect(answers('/runs', 'get')).toContain('500');
    expect(answers('/runs', 'get')).not.toContain('413');
    expect(Object.keys(body.components.schemas)).toEqual(expect.arrayContaining(['RunSummary', 'RunDetail', 'StepRecord', 'Error', 'StartRun']));
  });

  it('give a run that ended from the catalog alone', async () => {
    const row = sampleRun({ pipeline: plan.name });
    await addRun(catalog.db, row);
    await endRun(
      catalog.db,
      row.runId,
      { status: 'failed', endedAt: 9, output: null, failures: [{ step: 'a', failure: { class: 'data', code: 'HDL-X', message: 'm' } }], abandoned: [] },
      { failed: 1 },
    );
    expect((await ask<RunSummary>('GET', `runs/${row.runId}/wait?timeoutMs=0`)).body).toMatchObject({ status: 'failed', failure: 'a: m' });
    expect((await ask('GET', `runs/${row.runId}`)).body).toMatchObject({
      failures: [{ step: 'a', class: 'data', code: 'HDL-X', message: 'm' }],
      steps: [],
      next: null,
    });
  });
});

it('a webhook that should be signed does not start without its secret', () => {
  const notify = { url: 'http://127.0.0.1:1/', secretEnv: 'HEDDLE_TEST_NO_SUCH_SECRET', on: ['failed'] };
  expect(() => createSender(notify)).toThrow(/HDL-BAD-VARIABLE.*HEDDLE_TEST_NO_SUCH_SECRET/);
});

it('doctor writes to the store for an operator, and only looks for a viewer', async () => {
  const written: string[] = [];
  const store = openStore({ root: folder, project: 'default' });
  const watched = { ...store, write: async (uri: string, content: Uint8Array) => (written.push(uri), store.write(uri, content)) } as typeof store; // doctor writes bytes only
  const other = createApp(
    {
      config: state.config,
      catalog,
      store: watched,
      temporal: fakeTemporal,
      log: pino({ level: 'silent' }),
      metrics: createMetrics(),
      notify: async () => undefined,
    },
    [
      { name: 'v', roles: ['viewer'], sha256: tokenHash('v') },
      { name: 'o', roles: ['operator'], sha256: tokenHash('o') },
    ],
  );
  const look = async (token: string): Promise<string> => {
    const answer = await other.request('http://localhost/api/v1/doctor', { headers: { host: 'localhost', authorization: `Bearer ${token}` } });
    const { checks } = (await answer.json()) as { checks: { name: string; detail: string; ok: boolean }[] };
    return checks.find(({ name }) => name === 'store')?.detail ?? '';
  };
  expect(await look('v')).toMatch(/can be read$/);
  expect(written).toEqual([]);
  expect(await look('o')).toMatch(/can be read and written$/);
  expect(written).toHaveLength(1);
  expect(await store.stat(written[0] ?? '')).toBeNull();
});

it('doctor tells plaintext to another host apart from a Temporal that does not answer', async () => {
  const checksOf = async (apiKey: string | null): Promise<Record<string, boolean>> => {
    const temporal = { withDeadline: (_at: number, work: () => unknown) => work(), workflowService: { getSystemInfo: async () => ({}) } } as unknown as Client; // what doctor calls
    const other = createApp(
      {
        config: { ...state.config, temporal: { ...state.config.temporal, address: 'temporal:7233', apiKey } },
        catalog,
        store: openStore({ root: folder, project: 'default' }),
        temporal,
        log: pino({ level: 'silent' }),
        metrics: createMetrics(),
        notify: async () => undefined,
      },
      [{ name: 'a', roles: ['viewer'], sha256: tokenHash('t') }],
    );
    const answer = await other.request('http://localhost/api/v1/doctor', { headers: { host: 'localhost', authorization: 'Bearer t' } });
    const { checks } = (await answer.json()) as { checks: { name: string; ok: boolean }[] };
    return Object.fromEntries(checks.map(({ name, ok }) => [name, ok]));
  };
  expect(await checksOf(null)).toMatchObject({ temporal: true, 'temporal way': false });
  expect(await checksOf('key')).not.toHaveProperty('temporal way');
});
