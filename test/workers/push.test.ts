import { createServer, type Server } from 'node:http';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { StepEvent, WorkerHello } from '../../dsl/contract/api.ts';
import { EventPush } from '../../workers/push.ts';
import { createWorkerMetrics, listenMetrics } from '../../workers/worker-metrics.ts';
import { resultOf, startWorkerKit, until, type WorkerKit } from './worker-kit.ts';

interface Seen {
  readonly path: string;
  readonly token: string | undefined;
  readonly body: { readonly events?: readonly StepEvent[] } & Partial<WorkerHello>;
}
interface FakeServer {
  readonly url: string;
  readonly seen: Seen[];
  status: number;
  close(): Promise<void>;
}

/** Takes pushes as the server would; a fake of its two routes only. */
async function fakeServer(): Promise<FakeServer> {
  const seen: Seen[] = [];
  const fake = { status: 200 };
  const server: Server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    request.on('end', () => {
      seen.push({ path: request.url ?? '', token: request.headers.authorization, body: JSON.parse(text) as Seen['body'] });
      response.writeHead(fake.status, { 'content-type': 'application/json' }).end('{"ok":true}');
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return Object.assign(fake, {
    url: `http://127.0.0.1:${port}`,
    seen,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  });
}

const hello = (): WorkerHello => ({ worker: 'w', pid: 1, host: 'h', pool: 'default', classes: { small: 8 }, tasks: ['a@1'], startedAt: 1, draining: false });
const progress = (step: string, done: number): StepEvent => ({ kind: 'progress', runId: 'r', step, attempt: 1, done, total: null, note: null, at: 1 });
const undo: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).toReversed()) await step();
});

describe('events pushed to the server', () => {
  it('go in batches, with only the newest progress of a step, and with the token of the file', async () => {
    const server = await fakeServer();
    const folder = mkdtempSync(join(tmpdir(), 'heddle-push-'));
    undo.push(
      () => server.close(),
      () => {
        rmSync(folder, { recursive: true });
      },
    );
    writeFileSync(join(folder, 'token'), 'secret-token\n');
    const push = new EventPush({ server: { url: server.url, tokenFile: join(folder, 'token') }, hello, env: { HEDDLE_TOKEN: '' } });
    push.push(progress('a', 1));
    push.push(progress('b', 1));
    push.push(progress('a', 2));
    push.push({ kind: 'started', runId: 'r', step: 'a', attempt: 1, worker: 'w', at: 1 });
    await push.close();
    expect(server.seen.map(({ path }) => path)).toEqual(['/api/v1/events', '/api/v1/workers']);
    expect(server.seen[0]?.token).toBe('Bearer secret-token');
    expect(server.seen[0]?.body.events).toEqual([progress('a', 2), progress('b', 1), expect.objectContaining({ kind: 'started' })]);
  });
  it('are dropped without harm when no server is there', async () => {
    const push = new EventPush({ server: { url: 'http://127.0.0.1:9', tokenFile: '/none' }, hello, env: {} });
    push.push(progress('a', 1));
    await push.close();
    expect(push.dropped).toBe(1);
  });
  it('that the server refuses are told of once, until it takes them', async () => {
    const server = await fakeServer();
    undo.push(() => server.close());
    const refused: number[] = [];
    const push = new EventPush({ server: { url: server.url, tokenFile: '/none' }, hello, env: {}, refused: (status) => refused.push(status) });
    for (const status of [401, 401, 200, 403]) {
      server.status = status;
      await push.hello();
    }
    await push.close();
    expect(refused).toEqual([401, 403]);
  });
  it('are bounded while the server does not take them', async () => {
    const push = new EventPush({ server: { url: 'http://127.0.0.1:9', tokenFile: '/none' }, hello, env: {} });
    for (let i = 0; i < 10_500; i++) push.push({ kind: 'started', runId: 'r', step: `s${i}`, attempt: 1, worker: 'w', at: 1 });
    expect(push.dropped).toBe(500);
    await push.close();
  });
});

describe('a worker and its server', () => {
  let kit: WorkerKit;
  beforeAll(async () => {
    kit = await startWorkerKit();
  });
  afterAll(async () => {
    await kit.stop();
  });

  it('hears of the worker, of long steps, failed attempts, logs and missing tasks, but not of short steps', async () => {
    const server = await fakeServer();
    undo.push(() => server.close());
    const project = kit.project(
      'pushes',
      `
      export const short = task({ name: 'p.short', version: '1', output: z.number(), run: async () => 1 });
      export const long = task({ name: 'p.long', version: '1', output: z.number(), run: async (_, ctx) => { ctx.log.info('hello'); ctx.progress(1, 2); await new Promise((r) => setTimeout(r, 400)); return 1; } });
      export const fails = task({ name: 'p.fails', version: '1', output: z.number(), run: async () => { throw new Error('no'); } });`,
    );
    const worker = await project.worker({ config: { ...project.config, server: { ...project.config.server, url: server.url } }, metricsPort: 0 });
    const missing = await kit.start([project.order('p.missing', {})]);
    const [short] = await kit.run([project.order('p.short', {}), project.order('p.long', {}), project.order('p.fails', {})]);
    const metrics = await (await fetch(`http://127.0.0.1:${worker.metricsPort}/metrics`)).text();
    const events = (): readonly StepEvent[] => server.seen.flatMap(({ body }) => body.events ?? []);
    await until('the missing task', () => events().some(({ kind }) => kind === 'no-task'));
    await missing.terminate();
    await worker.stop();
    const started = events()
      .filter(({ kind }) => kind === 'started')
      .map((event) => 'step' in event && event.step);
    expect(started).toContain('p.long');
    if (resultOf(short).meta.ms < 200) expect(started).not.toContain('p.short'); // a busy machine may stretch it
    expect(events()).toContainEqual(expect.objectContaining({ kind: 'attempt', step: 'p.fails', failure: { class: 'user', code: 'Error', message: 'no' } }));
    expect(events()).toContainEqual(expect.objectContaining({ kind: 'log', line: expect.objectContaining({ step: 'p.long', text: 'hello' }) as never }));
    expect(events()).toContainEqual(expect.objectContaining({ kind: 'no-task', task: 'p.missing', version: '1', pool: 'default' }));
    const hellos = server.seen.filter(({ path }) => path === '/api/v1/workers').map(({ body }) => body);
    expect(hellos[0]).toMatchObject({
      worker: worker.name,
      pool: 'default',
      classes: { small: 8 },
      tasks: ['p.fails@1', 'p.long@1', 'p.short@1'],
      draining: false,
    });
    expect(hellos.at(-1)).toMatchObject({ draining: true });
    expect(metrics).toMatch(/heddle_step_run_seconds_count\{task="p\.long",status="done"\} 1/);
    expect(metrics).toMatch(/heddle_step_failures_total\{class="user",task="p\.fails"\} 1/);
    expect(metrics).toContain('heddle_step_queue_seconds_bucket');
  });
});

it('metrics are on the loopback address and nothing else is', async () => {
  const listener = await listenMetrics(createWorkerMetrics(), 0);
  undo.push(() => listener.stop());
  expect((await fetch(`http://127.0.0.1:${listener.port}/other`)).status).toBe(404);
});
