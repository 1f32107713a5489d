import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { superviseWorker, type Supervisor } from '../../workers/supervisor.ts';
import { failureOf, resultOf, startWorkerKit, until, type TestProject, type WorkerKit } from './worker-kit.ts';

let kit: WorkerKit;
const supervisors: Supervisor[] = [];
beforeAll(async () => {
  kit = await startWorkerKit();
});
afterAll(async () => {
  await Promise.all(supervisors.map((supervisor) => supervisor.stop()));
  await kit.stop();
});

/** A supervised worker process of the project, as `heddle worker` starts one. */
async function supervise(project: TestProject, env: NodeJS.ProcessEnv = {}): Promise<{ supervisor: Supervisor; output(): string; printed(): string }> {
  const dsl = fileURLToPath(new URL('../../dsl/index.ts', import.meta.url));
  writeFileSync(
    join(project.folder, 'heddle.config.ts'),
    `import { defineConfig } from ${JSON.stringify(dsl)};\nexport default defineConfig({ project: ${JSON.stringify(project.config.project)}, pipelines: ['pipelines/*.ts'] });\n`,
  );
  let output = '';
  let printed = '';
  const supervisor = superviseWorker({
    pool: 'default',
    cwd: project.folder,
    drainMs: 500,
    onOutput: (text) => {
      output += text;
    },
    onPrint: (text) => {
      printed += text;
    },
    log: (text) => {
      output += `${text}\n`;
    },
    env: { ...process.env, ...env, HEDDLE_TEMPORAL_ADDRESS: kit.temporal.address, HEDDLE_SERVER: 'http://127.0.0.1:9' },
  });
  supervisors.push(supervisor);
  await supervisor.ready;
  return { supervisor, output: () => output, printed: () => printed };
}

describe('a supervised worker', () => {
  it('that a task blocks is ended and comes back: the task is named and charged, its neighbours are not', async () => {
    const project = kit.project(
      'blocked',
      `
      export const blocks = task({ name: 'b.blocks', version: '1', output: z.number(), run: async () => { await new Promise((r) => setTimeout(r, 300)); for (let x = 0; ; ) x = Math.sqrt(x + 1); } });
      export const calm = task({ name: 'b.calm', version: '1', output: z.number(), run: async (_, ctx) => { if (ctx.attempt === 1) await new Promise((r) => setTimeout(r, 60_000)); return ctx.attempt; } });`,
    );
    const { supervisor, output } = await supervise(project);
    const first = supervisor.pid;
    const [blocks, calm] = await kit.run([
      project.order('b.blocks', {}, { attempts: 1, heartbeatMs: 3_000 }),
      project.order('b.calm', {}, { attempts: 1, heartbeatMs: 60_000 }),
    ]);
    const failure = failureOf(blocks);
    expect(failure).toMatchObject({ class: 'platform', code: 'HDL-LOOP-BLOCKED' });
    expect(failure.message).toMatch(/Step b\.blocks \(task b\.blocks\) blocked its worker for [\d.]+ s at .*tasks\.ts:\d+/);
    expect(calm?.failure).toBeUndefined();
    expect(resultOf(calm).output).toBeGreaterThanOrEqual(2);
    expect(supervisor.restarts).toBe(1);
    expect(supervisor.pid).not.toBe(first);
    expect(output()).toContain('a task blocked it');
    await supervisor.stop();
  });

  it('fails the step whose forgotten promise or timer throws, and lives on', async () => {
    const project = kit.project(
      'uncaught',
      `
      export const timer = task({ name: 'u.timer', version: '1', output: z.number(), run: () => new Promise(() => { setTimeout(() => { throw new Error('in a timer'); }, 50); }) });
      export const promise = task({ name: 'u.promise', version: '1', output: z.number(), run: async () => { void (async () => { await null; throw new Error('forgotten'); })(); await new Promise((r) => setTimeout(r, 1_000)); return 1; } });
      export const calm = task({ name: 'u.calm', version: '1', output: z.number(), run: async (_, ctx) => { await new Promise((r) => setTimeout(r, 1_000)); return ctx.attempt; } });`,
    );
    const { supervisor } = await supervise(project);
    const [timer, promise, calm] = await kit.run(['u.timer', 'u.promise', 'u.calm'].map((name) => project.order(name, {})));
    expect(timer?.failure?.details).toMatchObject({ class: 'user', message: 'in a timer' });
    expect(promise?.failure?.details).toMatchObject({ class: 'user', message: 'forgotten' });
    expect(calm?.result).toMatchObject({ output: 1 });
    expect(supervisor.restarts).toBe(0);
    await supervisor.stop();
  });

  it('that is killed comes back: its steps go on at once from their checkpoints, and no program of it stays behind', async () => {
    const project = kit.project(
      'killed',
      `
      import { writeFileSync } from 'node:fs';
      export const counts = task({ name: 'k.counts', version: '1', input: z.object({ file: z.string() }), output: z.object({ attempt: z.number(), from: z.number() }), run: async ({ file }, ctx) => {
        const from = (await ctx.checkpoint.load<{ i: number }>())?.i ?? 0;
        if (from > 0) return { attempt: ctx.attempt, from };
        await ctx.checkpoint.save({ i: 7 });
        writeFileSync(file, '');
        await new Promise((r) => setTimeout(r, 60_000));
        return { attempt: 0, from };
      } });
      export const program = command({ name: 'k.program', version: '1', argv: ['sh', '-c', 'echo $$ > "$0.new"; mv "$0.new" "$0"; exec sleep 300', ${JSON.stringify('PIDFILE')}], output: z.null() });`.replace(
        'PIDFILE',
        join(kit.project('killed', '').folder, 'pid'),
      ),
    );
    const { supervisor } = await supervise(project);
    const file = join(project.folder, 'started');
    const pidFile = join(project.folder, 'pid');
    const handle = await kit.start([
      project.order('k.counts', { file }, { heartbeatMs: 60_000 }),
      project.order('k.program', {}, { heartbeatMs: 60_000, attempts: 1 }),
    ]);
    await until('both steps', () => existsSync(file) && existsSync(pidFile));
    const program = readFileSync(pidFile, 'utf8').trim();
    const notes = join(project.folder, '.heddle', 'running');
    await until('notes of both', () => existsSync(notes) && readdirSync(notes).length === 2);
    process.kill(supervisor.pid ?? 0, 'SIGKILL');
    await until('the program is gone', () => !existsSync(`/proc/${program}`) || readFileSync(`/proc/${program}/stat`, 'utf8').includes(') Z'));
    const [counts, lost] = await handle.result();
    expect(resultOf(counts).output).toMatchObject({ from: 7, attempt: 2 });
    expect(lost?.failure?.details).toMatchObject({ class: 'platform', code: 'HDL-WORKER-LOST' });
    expect(supervisor.restarts).toBe(1);
    await supervisor.stop();
  });

  it('passes on what its tasks print, without secrets and without its own ready line', async () => {
    const project = kit.project(
      'prints',
      `
      console.log('loaded');
      export const prints = task({ name: 'p.prints', version: '1', output: z.number(), run: async () => {
        const secret = process.env.HEDDLE_SECRET_PRINTED;
        console.log('a line with ' + secret);
        process.stdout.write(Buffer.from('bytes with ' + secret + '\\n'));
        console.error('a complaint with ' + secret);
        return 1;
      } });`,
    );
    const { supervisor, output, printed } = await supervise(project, { HEDDLE_SECRET_PRINTED: 'swordfish-printed' });
    const [done] = await kit.run([project.order('p.prints', {})]);
    expect(resultOf(done).output).toBe(1);
    await until('the complaint', () => output().includes('a complaint'));
    await supervisor.stop();
    expect(printed()).toBe('loaded\na line with [secret PRINTED]\nbytes with [secret PRINTED]\n');
    expect(output()).toContain('a complaint with [secret PRINTED]');
  });

  it('that cannot start says why and is not started again', async () => {
    const project = kit.project('badpool', '');
    writeFileSync(join(project.folder, 'heddle.config.ts'), `export default { project: 'badpool', pipelines: ['pipelines/*.ts'] };\n`);
    const supervisor = superviseWorker({
      pool: 'gpu',
      cwd: project.folder,
      onOutput: () => undefined,
      env: { ...process.env, HEDDLE_TEMPORAL_ADDRESS: kit.temporal.address },
    });
    await expect(supervisor.ready).rejects.toThrow(/HDL-UNKNOWN-POOL: There is no pool "gpu"/);
    expect(await supervisor.ended).not.toBe(0);
    expect(supervisor.restarts).toBe(0);
  });
});
