/** The path of a new user, on real parts: new, dev, run, show, edit, kill -9, stop. */
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RunDetail } from '../../dsl/contract/api.ts';
import { heddleAsync, startHeddle, type Ended } from './heddle.ts';

interface Ready {
  readonly server: string;
  readonly pid: number;
  readonly pids: { readonly server: number; readonly worker: number };
}

let folder: string;
let project: string;
let dev: ChildProcess | undefined;
let log = '';

beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'heddle-dev-')));
  project = join(folder, 'first');
});
afterAll(async () => {
  if (dev && dev.exitCode === null) {
    dev.kill('SIGTERM');
    await new Promise((resolve) => dev?.once('exit', resolve));
  }
  rmSync(folder, { recursive: true, force: true });
});

async function until<T>(what: string, look: () => T | Promise<T>, withinMs = 90_000): Promise<NonNullable<T>> {
  for (const end = Date.now() + withinMs; Date.now() < end; await sleep(100)) {
    const found = await look();
    if (found) return found;
  }
  throw new Error(`${what} did not happen within ${withinMs / 1000} s. The log of heddle dev:\n${log}`);
}
const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
const inProject = (...args: string[]): Promise<Ended> => heddleAsync(args, { cwd: project });
const edit = (from: string, to: string): void => {
  const file = join(project, 'pipelines', 'hello.ts');
  const text = readFileSync(file, 'utf8');
  expect(text).toContain(from);
  writeFileSync(file, text.replace(from, to));
};
/** Starts dev and gives what it wrote when it was ready. */
async function startDev(): Promise<Ready> {
  const readyFile = join(folder, `ready-${Date.now()}.json`);
  log = '';
  dev = startHeddle(['dev', '--once-ready-file', readyFile], { cwd: project });
  for (const stream of [dev.stdout, dev.stderr])
    stream?.on('data', (piece: Buffer) => {
      log += piece.toString();
    });
  return JSON.parse(
    await until('ready', () => {
      try {
        return readFileSync(readyFile, 'utf8');
      } catch {
        return null;
      }
    }),
  ) as Ready;
}
async function stopDev(signal: NodeJS.Signals): Promise<number | null> {
  const child = dev;
  if (!child) return null;
  const gone = new Promise<number | null>((resolve) =>
    child.once('exit', (code) => {
      resolve(code);
    }),
  );
  child.kill(signal);
  return gone;
}

it('a new project runs, follows its files, survives kills and restarts, and leaves nothing behind', { timeout: 420_000 }, async () => {
  expect((await heddleAsync(['new', project])).code).toBe(0);
  const ready = await startDev();

  // run and show
  const ran = await inProject('run', 'hello', '--wait', '--param', 'name=Ada');
  expect(ran, log).toMatchObject({ code: 0, stdout: expect.stringMatching(/greet {2}done[^]*count {2}done[^]*"text":"Hello, Ada!"/) });
  const shown = await inProject('show', 'last');
  expect(shown.stdout).toMatch(/hello {2}\w{26} {2}done in .*\nstarted .* by local; 2 done\n\nSTEP +STATE[^]*greet +done[^]*count +done/);
  expect(JSON.parse((await inProject('runs', '--json')).stdout)).toMatchObject({ items: [{ pipeline: 'hello', status: 'done' }], next: null });
  expect((await inProject('logs', 'last', 'greet')).stdout).toContain('greeting Ada');
  expect(await inProject('explain', 'last', 'gret')).toMatchObject({ code: 2, stderr: expect.stringContaining('HDL-NO-STEP') });

  // changed task code: the worker is another process, and runs the new code
  edit('Hello, ', 'Good day, ');
  await until('the new code', () => /task code changed: .*greet@1/.test(log) && log.includes('the new code is up'));
  const after = await inProject('run', 'hello', '--wait', '--json');
  expect(JSON.parse(after.stdout)).toMatchObject({ status: 'done', output: { text: 'Good day, world!' } });
  expect(after.stderr).toContain('started');

  // changed wiring: told, and no restart
  const worker = workerOf(JSON.parse(after.stdout) as RunDetail);
  edit('    return count({ text: greeting });', "    const first = count({ text: greeting });\n    return count({ text: first.text }, { id: 'again' });");
  await until('the new wiring', () => log.includes('hello: steps added: again'));
  expect(workerOf(JSON.parse((await inProject('run', 'hello', '--wait', '--json')).stdout) as RunDetail)).toBe(worker);

  // a mistake: told with its place, and the old code goes on
  edit('return count(', 'return cuont(');
  await until('the mistake', () => /pipelines\/hello\.ts:\d+:\d+/.test(log) && log.includes('1 mistake'));
  expect((await inProject('run', 'hello')).code).toBe(1);
  edit('return cuont(', 'return count(');
  await until('the mend', () => log.split('the plans are the same').length > 1 || log.includes('output changed'));

  // kill -9 of the worker and of the server: both come back, and the run works
  process.kill(worker, 'SIGKILL');
  process.kill(ready.pids.server, 'SIGKILL');
  await until('the restarts', () => log.includes('worker ended (SIGKILL)') && log.includes('server ended (SIGKILL)'));
  const again = await until('a run after the kills', async () => {
    const { code, stdout } = await inProject('run', 'hello', '--wait', '--json');
    return code === 0 ? (JSON.parse(stdout) as RunDetail) : null;
  });
  expect(workerOf(again)).not.toBe(worker);

  // stop, start again: the same state; nothing is left behind
  const temporal = Number(readFileSync(join(project, '.heddle', 'temporal.pid'), 'utf8'));
  expect(await stopDev('SIGINT'), log).toBe(0);
  expect([ready.pid, workerOf(again), temporal].map(alive)).toEqual([false, false, false]);
  await startDev();
  const runs = JSON.parse((await inProject('runs', '--json')).stdout) as { items: unknown[] };
  expect(runs.items.length).toBeGreaterThanOrEqual(4);
  expect(await stopDev('SIGTERM')).toBe(0);
});

/** The process that ran the first step: the last part of the worker's name. */
const workerOf = (run: RunDetail): number =>
  Number(
    run.steps
      .find(({ worker }) => worker !== null)
      ?.worker?.split('/')
      .at(-1),
  );
