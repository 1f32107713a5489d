import { cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { failureOf, resultOf, startWorkerKit, until, type WorkerKit } from './worker-kit.ts';

let kit: WorkerKit;
beforeAll(async () => {
  kit = await startWorkerKit();
});
afterAll(async () => {
  await kit.stop();
});

describe('a worker', () => {
  it('runs a step by its task and version and says who ran it', async () => {
    const project = kit.project(
      'plain',
      `export const add = task({ name: 'p.add', version: '1', input: z.object({ a: z.number() }), output: z.number(), run: async ({ a }) => a + 1 });`,
    );
    const worker = await project.worker();
    expect(worker.tasks).toEqual(['p.add@1']);
    const [outcome] = await kit.run([project.order('p.add', { a: 2 })]);
    expect(resultOf(outcome)).toMatchObject({ output: 3, meta: { attempt: 1, worker: worker.name } });
    await worker.stop();
  });

  it('makes a step wait whose task version nobody has, uncharged, until a worker comes that has it', async () => {
    const project = kit.project('later', `export const old = task({ name: 'p.later', version: '1', output: z.string(), run: async () => 'old' });`);
    const first = await project.worker();
    const handle = await kit.start([project.order('p.later@2', {}, { attempts: 1 })]);
    await until('two refused attempts', async () => {
      const { raw } = await handle.describe();
      const pending = raw.pendingActivities?.[0];
      return (pending?.attempt ?? 0) >= 3 && pending?.lastFailure?.message?.includes('HDL-NO-TASK');
    });
    await first.stop();
    project.write(`export const later = task({ name: 'p.later', version: '2', output: z.string(), run: async () => 'new' });`);
    const config = { ...project.config, pipelines: ['pipelines/*.ts'] };
    mkdirSync(join(project.folder, 'again'));
    cpSync(join(project.folder, 'pipelines', 'tasks.ts'), join(project.folder, 'again', 'tasks.ts'));
    const second = await project.worker({ config: { ...config, pipelines: ['again/*.ts'] } });
    const [outcome] = await handle.result();
    expect(resultOf(outcome)).toMatchObject({ output: 'new', meta: { attempt: expect.any(Number) as number } });
    await second.stop();
  });

  it('counts charged attempts itself and makes the last failure final', async () => {
    const project = kit.project(
      'budget',
      `
      let tries = 0;
      export const flaky = task({ name: 'p.flaky', version: '1', output: z.number(), run: async () => { tries++; throw Object.assign(new Error('try ' + tries), { code: 'ECONNREFUSED' }); } });
      export const third = task({ name: 'p.third', version: '1', output: z.number(), run: async (_, ctx) => { if (ctx.attempt < 3) throw Object.assign(new Error('not yet'), { code: 'ETIMEDOUT' }); return ctx.attempt; } });`,
    );
    const worker = await project.worker();
    const [flaky, third] = await kit.run([project.order('p.flaky', {}, { attempts: 4 }), project.order('p.third', {})]);
    expect(failureOf(flaky)).toMatchObject({ class: 'upstream', message: 'try 4', meta: { attempt: 4 } });
    expect(flaky?.failure).toMatchObject({ type: 'upstream', nonRetryable: true });
    expect(resultOf(third)).toMatchObject({ output: 3 });
    await worker.stop();
  });

  it('fails a step for good whose code throws a string or returns a wrong shape', async () => {
    const project = kit.project(
      'wrong',
      `
      export const shout = task({ name: 'p.shout', version: '1', output: z.number(), run: async () => { throw 'no coffee'; } });
      export const shape = task({ name: 'p.shape', version: '1', output: z.object({ rows: z.array(z.object({ id: z.string() })) }), run: (async () => ({ rows: [{ id: 1 }] })) as never });`,
    );
    const worker = await project.worker();
    const [shout, shape] = await kit.run([project.order('p.shout', {}), project.order('p.shape', {})]);
    expect(failureOf(shout)).toMatchObject({ class: 'user', message: 'no coffee', meta: { attempt: 1 } });
    expect(failureOf(shape)).toMatchObject({ class: 'data', code: 'HDL-TASK-OUTPUT', meta: { attempt: 1 } });
    expect(failureOf(shape).message).toContain('output.rows[0].id');
    await worker.stop();
  });

  it('ends a step that never returns as timeout, once an attempt', async () => {
    const project = kit.project('never', `export const never = task({ name: 'p.never', version: '1', output: z.number(), run: () => new Promise(() => {}) });`);
    const worker = await project.worker();
    const [outcome] = await kit.run([project.order('p.never', {}, { attempts: 2, timeoutMs: 800 })]);
    expect(failureOf(outcome)).toMatchObject({ class: 'timeout', code: 'HDL-STEP-TIMEOUT', meta: { attempt: 2 } });
    await worker.stop();
  });

  it('fails a step that calls process.exit, names its task, and goes on with its neighbours', async () => {
    const project = kit.project(
      'exits',
      `
      export const exits = task({ name: 'p.exits', version: '1', output: z.number(), run: async () => { await new Promise((r) => setTimeout(r, 50)); try { process.exit(3); } catch { /* swallowed */ } return 1; } });
      export const calm = task({ name: 'p.calm', version: '1', output: z.number(), run: async () => { await new Promise((r) => setTimeout(r, 500)); return 2; } });`,
    );
    const worker = await project.worker();
    const [exits, calm] = await kit.run([project.order('p.exits', {}, { attempts: 1 }), project.order('p.calm', {})]);
    expect(failureOf(exits)).toMatchObject({ class: 'platform', code: 'HDL-EXIT-CALLED' });
    expect(failureOf(exits).message).toContain('Task p.exits called process.exit(3)');
    expect(resultOf(calm)).toMatchObject({ output: 2, meta: { attempt: 1 } });
    await worker.stop();
  });

  it('tells a running step of a cancel within its heartbeat', async () => {
    const project = kit.project(
      'cancel',
      `
      import { writeFileSync } from 'node:fs';
      export const waits = task({ name: 'p.waits', version: '1', input: z.object({ file: z.string() }), output: z.number(), run: ({ file }, ctx) => new Promise((resolve, reject) => {
        writeFileSync(file, 'started');
        ctx.signal.addEventListener('abort', () => { writeFileSync(file, 'told'); reject(new Error('stopped')); });
      }) });`,
    );
    const worker = await project.worker();
    const file = join(project.folder, 'state');
    const handle = await kit.start([project.order('p.waits', { file }, { heartbeatMs: 900 })]);
    await until('the step', () => existsSync(file));
    await handle.cancel();
    await handle.result().catch(() => undefined);
    await until('the signal', () => readFileSync(file, 'utf8') === 'told');
    await worker.stop();
  });

  it('gives steps back uncharged that a drain does not let end', async () => {
    const project = kit.project(
      'drain',
      `
      import { existsSync, writeFileSync } from 'node:fs';
      export const long = task({ name: 'p.long', version: '1', input: z.object({ file: z.string() }), output: z.number(), run: async ({ file }, ctx) => {
        if (existsSync(file)) return ctx.attempt;
        writeFileSync(file, '');
        await new Promise((_, reject) => { ctx.signal.addEventListener('abort', () => reject(new Error('stopped'))); });
        return 0;
      } });`,
    );
    const file = join(project.folder, 'state');
    const first = await project.worker({ drainMs: 100 });
    const handle = await kit.start([project.order('p.long', { file }, { attempts: 1 })]);
    await until('the step', () => existsSync(file));
    await first.stop();
    const second = await project.worker();
    const [outcome] = await handle.result();
    expect(resultOf(outcome)).toMatchObject({ output: 2 });
    await second.stop();
  });
  it('lets a running step end while it drains', async () => {
    const project = kit.project(
      'drain2',
      `
      import { writeFileSync } from 'node:fs';
      export const short = task({ name: 'p.short', version: '1', input: z.object({ file: z.string() }), output: z.number(), run: async ({ file }, ctx) => { writeFileSync(file, ''); await new Promise((r) => setTimeout(r, 400)); return ctx.attempt; } });`,
    );
    const file = join(project.folder, 'state');
    const worker = await project.worker({ drainMs: 10_000 });
    const handle = await kit.start([project.order('p.short', { file })]);
    await until('the step', () => existsSync(file));
    await worker.stop();
    expect(resultOf((await handle.result())[0])).toMatchObject({ output: 1 });
  });

  it('refuses a pool that the project does not have', async () => {
    const project = kit.project('nopool', '');
    await expect(project.worker({ pool: 'gpu' })).rejects.toMatchObject({
      code: 'HDL-UNKNOWN-POOL',
      what: 'There is no pool "gpu". The project has: default.',
    });
  });
  it('says when Temporal does not answer', async () => {
    const project = kit.project('nowhere', '');
    await expect(project.worker({ config: { ...project.config, temporal: { ...project.config.temporal, address: '127.0.0.1:1' } } })).rejects.toMatchObject({
      code: 'HDL-TEMPORAL-UNREACHABLE',
    });
  });
});
