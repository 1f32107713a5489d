/** A server on a free port with its own state folder, on a Temporal that the test file started, and a client for its API. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import type { ResolvedConfig } from '../../config/resolved-config.ts';
import type { RunDetail, RunSummary } from '../../dsl/contract/api.ts';
import type { Json, Plan } from '../../dsl/plan/types.ts';
import { planHashOf } from '../../storage/digest.ts';
import { startServer, type RunningServer } from '../../workers/server.ts';

export const tinyWorkflow = fileURLToPath(new URL('./tiny-workflow.ts', import.meta.url));

export interface TestConfig {
  readonly config: ResolvedConfig;
  readonly folder: string;
  remove(): void;
}

export function testConfig(temporal: string, over: Partial<ResolvedConfig> = {}): TestConfig {
  const folder = mkdtempSync(join(tmpdir(), 'heddle-server-'));
  const stateFolder = join(folder, '.heddle');
  const config: ResolvedConfig = {
    folder,
    file: null,
    stateFolder,
    project: 'default',
    pipelines: [],
    temporal: { address: temporal, namespace: 'default', tls: null, apiKey: null, embedded: false },
    catalog: `sqlite:${join(stateFolder, 'catalog.db')}`,
    storageRoot: join(folder, 'store'),
    hdfs: {},
    server: { host: '127.0.0.1', port: 0, url: 'http://127.0.0.1:8233', tls: null, insecure: false, tokens: [], tokenFile: join(stateFolder, 'token') },
    pools: { default: { classes: { small: { slots: 2 } } } },
    notify: null,
    caches: {},
    python: 'python3',
    sources: {},
    ...over,
  };
  return { config, folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

export const startTestServer = (config: ResolvedConfig): Promise<RunningServer> =>
  startServer({ config, workflows: tinyWorkflow, log: pino({ level: process.env['HEDDLE_TEST_LOG'] ?? 'silent' }) });

export interface Answer<T> {
  readonly status: number;
  readonly body: T & { readonly error?: { readonly code: string; readonly what: string; readonly fix: string } };
}

export function client(base: string, config: ResolvedConfig, token = readFileSync(config.server.tokenFile, 'utf8').trim()) {
  const call = async <T>(method: string, path: string, body?: unknown): Promise<Answer<T>> => {
    const answer = await fetch(`${base}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { status: answer.status, body: (await answer.json()) as Answer<T>['body'] };
  };
  return {
    get: <T>(path: string) => call<T>('GET', path),
    post: <T>(path: string, body: unknown) => call<T>('POST', path, body),
    run: (plan: Plan, params: Json, more: object = {}) =>
      call<RunSummary>('POST', '/runs', { pipeline: plan.name, planHash: planHashOf(plan), params, partition: null, ...more }),
    async ended(runId: string): Promise<RunDetail> {
      await call('GET', `/runs/${runId}/wait?timeoutMs=20000`);
      return (await call<RunDetail>('GET', `/runs/${runId}`)).body;
    },
  };
}
export type Client = ReturnType<typeof client>;

/** A plan with the parameters that tiny-workflow.ts reads. */
export const tinyPlan = (over: Partial<Plan> = {}): Plan => ({
  format: 1,
  name: 'tiny.pipeline',
  owner: null,
  skeleton: {
    format: 1,
    name: 'tiny.pipeline',
    onFailure: 'fail',
    dimensions: [],
    always: null,
    calls: {},
    tasks: {
      'tiny@1': {
        pool: 'default',
        class: 'small',
        attempts: 3,
        backoffMs: 1000,
        timeoutMs: 60_000,
        heartbeatMs: 60_000,
        queueMs: null,
        publishes: false,
        isolate: false,
        timed: false,
      },
    },
    body: {
      nodes: [
        { kind: 'task', id: 'slow', task: 'tiny@1', input: {} },
        { kind: 'task', id: 'later', task: 'tiny@1', input: {}, after: ['slow'] },
      ],
      output: null,
    },
  },
  contracts: {
    params: { type: 'object', properties: { mode: { type: 'string' }, rates: { type: 'array', items: { type: 'number' }, default: [0.1] } } },
    partitions: null,
    schedule: null,
    tasks: {},
    datasets: {},
    events: { landed: { type: 'object', properties: { rows: { type: 'number' } }, required: ['rows'] }, refused: {} },
  },
  places: { slow: 'pipelines/tiny.ts:3:5', later: 'pipelines/tiny.ts:4:5' },
  ...over,
});

export async function until<T>(look: () => Promise<T | undefined | false> | T | undefined | false, withinMs = 20_000): Promise<T> {
  const end = Date.now() + withinMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > end) throw new Error(`not met within ${withinMs} ms: ${String(look)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
