/** What the commands ask of the API and make of its answers, against a fake server. The real one is in dev.test.ts. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RunDetail } from '../../dsl/contract/api.ts';
import type { StepRecord } from '../../dsl/contract/run.ts';
import { heddleAsync, type Ended } from './heddle.ts';

const ID = '01K3XQ8Z7W0000000000000000';
const step = (name: string, more: Partial<StepRecord> = {}): StepRecord => ({
  step: name,
  kind: 'task',
  task: `${name}@1`,
  status: 'done',
  waitingFor: null,
  queuedAt: 1_000,
  startedAt: 2_000,
  endedAt: 3_000,
  attempts: 1,
  failure: null,
  version: '1',
  worker: 'host/default/1',
  runMs: 900,
  waitMs: 0,
  output: null,
  meta: null,
  ...more,
});
const run = (more: Partial<RunDetail> = {}): RunDetail => ({
  runId: ID,
  project: 'p',
  pipeline: 'flights.train',
  partition: '2001-03-01',
  planHash: 'sha256:1',
  status: 'done',
  startedBy: 'ada',
  createdAt: 1_000,
  startedAt: 1_000,
  endedAt: 4_000,
  workflowId: 'w',
  parent: null,
  counts: { done: 1 },
  failure: null,
  params: {},
  output: { auc: 0.64 },
  failures: [],
  steps: [step('load')],
  next: null,
  ...more,
});

let fake: Server;
let asked: { readonly call: string; readonly body: unknown; readonly token: string | undefined }[] = [];
/** One answer a look at the run; the last one stays. */
let looks: RunDetail[] = [];
beforeAll(async () => {
  fake = createServer((request, response) => {
    let text = '';
    request.on('data', (piece: Buffer) => {
      text += piece.toString();
    });
    request.on('end', () => {
      const path = (request.url ?? '').replace('/api/v1', '');
      asked.push({ call: `${request.method} ${path}`, body: text === '' ? null : (JSON.parse(text) as unknown), token: request.headers.authorization });
      const answer = path.startsWith('/runs?')
        ? { items: [run()], next: path.endsWith('limit=500') ? 'more' : null }
        : path === '/approvals'
          ? { items: [{ runId: ID, step: 'promote' }], next: null }
          : path === '/catalog/rebuild'
            ? { runs: 3, models: 1, bad: 2 }
            : path.startsWith(`/runs/${ID}/steps`)
              ? { items: [step('more')], next: null }
              : path === `/runs/${ID}`
                ? looks.length > 1
                  ? looks.shift()
                  : looks[0]
                : (looks[0] ?? run());
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(answer));
    });
  });
  await new Promise<void>((resolve) => {
    fake.listen(0, '127.0.0.1', resolve);
  });
});
afterAll(() => {
  fake.close();
});
beforeEach(() => {
  asked = [];
  looks = [run()];
});

const heddle = (...args: string[]): Promise<Ended> =>
  heddleAsync(args, { env: { HEDDLE_SERVER: `http://127.0.0.1:${(fake.address() as AddressInfo).port}`, HEDDLE_TOKEN: 'secret' } });

describe('steering a run', () => {
  it('sends what was asked, with the token, to the newest run where the argument is last', async () => {
    await heddle('cancel', 'last:flights.train', '--reason', 'wrong data');
    await heddle('approve', 'last', '--note', 'fine');
    await heddle('reject', ID, 'deploy');
    await heddle('event', ID, 'labels.ready', '--payload', '{"rows":3}');
    expect(asked.filter(({ call }) => call.startsWith('POST') || call.startsWith('GET /runs?'))).toEqual([
      { call: 'GET /runs?limit=1&pipeline=flights.train', body: null, token: 'Bearer secret' },
      { call: `POST /runs/${ID}/cancel`, body: { reason: 'wrong data' }, token: 'Bearer secret' },
      { call: 'GET /runs?limit=1', body: null, token: 'Bearer secret' },
      { call: `POST /runs/${ID}/answer`, body: { step: 'promote', approved: true, note: 'fine' }, token: 'Bearer secret' },
      { call: `POST /runs/${ID}/answer`, body: { step: 'deploy', approved: false }, token: 'Bearer secret' },
      { call: `POST /runs/${ID}/events`, body: { event: 'labels.ready', payload: { rows: 3 } }, token: 'Bearer secret' },
    ]);
  });
  it('refuses a payload that is no JSON before anything is sent', async () => {
    const { code, stderr } = await heddle('event', ID, 'labels.ready', '--payload', '{rows:3}');
    expect({ code, stderr, asked }).toEqual({ code: 2, stderr: expect.stringContaining('HDL-BAD-PARAMS'), asked: [] });
  });
});

describe('a list of runs', () => {
  it('longer than the server gives at once comes in pages', async () => {
    const { code, stdout } = await heddle('runs', '--limit', '700', '--json');
    const { items } = JSON.parse(stdout) as { items: unknown[] };
    expect({ code, items: items.length, calls: asked.map(({ call }) => call) }).toEqual({
      code: 0,
      items: 2,
      calls: ['GET /runs?limit=500', 'GET /runs?limit=500&cursor=more'],
    });
  });
});

describe('a catalog that is restored', () => {
  it('says how many files could not be read', async () => {
    const { code, stdout, stderr } = await heddle('catalog', 'rebuild');
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: expect.stringContaining('read 3 runs and 1 models'),
      stderr: expect.stringContaining('2 files'),
    });
  });
});

describe('watching a run', () => {
  it('writes a line a change in a pipe, and exits with 0 when the run is done', async () => {
    looks = [
      run({
        status: 'running',
        endedAt: null,
        steps: [step('load', { status: 'waiting', waitingFor: 'a worker in pool "gpu"', startedAt: null, endedAt: null })],
      }),
      run({ status: 'running', endedAt: null }),
      run(),
    ];
    const { code, stdout } = await heddle('watch', ID);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /load {2}waiting for a worker in pool "gpu"\n.*load {2}done in 900ms\n[^]*flights\.train 2001-03-01 {2}\w+ {2}done in 3\.0s[^]*output: \{"auc":0\.64\}/,
    );
  });
  it('exits with 1 when it failed, and shows every reason', async () => {
    const failure = { class: 'user', code: 'TypeError', message: 'x is not a function\n    at train.ts:3' } as const;
    looks = [
      run({ status: 'failed', output: null, steps: [step('load'), step('train', { status: 'failed', failure })], failures: [{ step: 'train', ...failure }] }),
    ];
    const { code, stdout } = await heddle('watch', ID, '--json');
    expect({ code, status: (JSON.parse(stdout) as RunDetail).status }).toEqual({ code: 1, status: 'failed' });
    expect((await heddle('show', ID)).stdout).toMatch(
      /train +failed.*user: x is not a function\n[^]*train {2}user TypeError\n {2}x is not a function[^]*heddle retry/,
    );
  });
  it('exits with 1 when a failure paused it, since nothing happens until somebody acts', async () => {
    looks = [run({ status: 'paused', endedAt: null, counts: { done: 1, failed: 1 } })];
    expect(await heddle('watch', ID)).toMatchObject({ code: 1, stdout: expect.stringContaining('heddle resume') });
  });
  it('tells of a finished step once, though a retry knows its times only at the end', async () => {
    looks = [run({ status: 'running', endedAt: null, steps: [step('load', { startedAt: null, endedAt: null, runMs: null })] }), run()];
    const { code, stdout } = await heddle('retry', ID, '--wait');
    expect({ code, told: stdout.match(/ {2}load {2}done/g) }).toEqual({ code: 0, told: ['  load  done'] });
  });
  it('fetches every page of the steps for --json', async () => {
    looks = [run({ next: '200' })];
    const { stdout } = await heddle('show', ID, '--json');
    expect((JSON.parse(stdout) as RunDetail).steps.map(({ step: name }) => name)).toEqual(['load', 'more']);
    expect(asked.map(({ call }) => call)).toContain(`GET /runs/${ID}/steps?cursor=200&limit=1000`);
  });
});
