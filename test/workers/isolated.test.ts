import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningWorker } from '../../workers/worker.ts';
import { failureOf, resultOf, startWorkerKit, until, type TestProject, type WorkerKit } from './worker-kit.ts';

let kit: WorkerKit;
let project: TestProject;
let worker: RunningWorker;
beforeAll(async () => {
  kit = await startWorkerKit();
  project = kit.project(
    'isolated',
    `
    import { spawn } from 'node:child_process';
    import { writeFileSync } from 'node:fs';
    export const pid = task({ name: 'i.pid', version: '1', isolate: 'process', output: z.number(), run: async (_, ctx) => { ctx.log.info('here'); await ctx.checkpoint.save({ a: 1 }); return process.pid; } });
    export const exits = task({ name: 'i.exits', version: '1', isolate: 'process', output: z.number(), run: async () => { console.error('last words'); process.exit(7); } });
    export const throws = task({ name: 'i.throws', version: '1', isolate: 'process', output: z.number(), run: async () => { throw 'from the child'; } });
    export const blocks = task({ name: 'i.blocks', version: '1', isolate: 'process', output: z.number(), run: async () => { for (;;) {} } });
    export const spawns = task({ name: 'i.spawns', version: '1', isolate: 'process', input: z.object({ file: z.string() }), output: z.number(), run: ({ file }, ctx) => new Promise((_, reject) => {
      const child = spawn('sleep', ['300']);
      ctx.signal.addEventListener('abort', () => reject(new Error('stopped')));
      writeFileSync(file, process.pid + ' ' + child.pid);
    }) });`,
  );
  worker = await project.worker();
});
afterAll(async () => {
  await kit.stop();
});

const alive = (pid: number): boolean => {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.[0] !== 'Z';
  } catch {
    return false;
  }
};

describe('an isolated step', () => {
  it('runs in a process of its own with the whole context', async () => {
    const [outcome] = await kit.run([project.order('i.pid', {}, { isolate: true })]);
    const { output, meta } = resultOf(outcome);
    expect(output).not.toBe(process.pid);
    expect(meta).toMatchObject({ worker: worker.name, attempt: 1, codeDigest: expect.stringMatching(/^sha256:/) as string });
    expect(readFileSync(join(project.config.storageRoot, 'isolated', 'logs', 'run-isolated', 'i.pid', '1.jsonl'), 'utf8')).toContain('"text":"here"');
  });
  it('that ends its process is a platform failure with its last words', async () => {
    const [outcome] = await kit.run([project.order('i.exits', {}, { isolate: true, attempts: 1 })]);
    const failure = failureOf(outcome);
    expect(failure).toMatchObject({ class: 'platform', code: 'HDL-CHILD-DIED' });
    expect(failure.message).toMatch(/task i\.exits.*exit code 7[\s\S]*last words/);
  });
  it('fails as any other', async () => {
    const [outcome] = await kit.run([project.order('i.throws', {}, { isolate: true })]);
    expect(outcome?.failure?.details).toMatchObject({ class: 'user', message: 'from the child' });
  });
  it('that blocks its loop is ended when its time is over', async () => {
    const [outcome] = await kit.run([project.order('i.blocks', {}, { isolate: true, attempts: 1, timeoutMs: 4_000 })]);
    expect(outcome?.failure?.details).toMatchObject({ class: 'timeout', code: 'HDL-STEP-TIMEOUT' });
  });
  it('leaves no process behind when it is cancelled', async () => {
    const file = join(project.folder, 'pids');
    const handle = await kit.start([project.order('i.spawns', { file }, { isolate: true, heartbeatMs: 900 })]);
    await until('the child', () => existsSync(file));
    const pids = readFileSync(file, 'utf8').split(' ').map(Number);
    expect(pids.map(alive)).toEqual([true, true]);
    await handle.cancel();
    await handle.result().catch(() => undefined);
    await until('both are gone', () => !pids.some(alive));
  });
});
