import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { commandFailure } from '../../activities/command/command-exit.ts';
import { parseProgress } from '../../activities/command/command-progress.ts';
import { noteGroup, sweepGroups } from '../../activities/command/process-groups.ts';
import { runProcess } from '../../activities/command/run-process.ts';
import { runStep } from '../../activities/step/run-step.ts';
import { StepCancelled, StepError } from '../../activities/step/step-error.ts';
import { command } from '../../dsl/index.ts';
import type { StepFailure } from '../../dsl/contract/step.ts';
import { stepCall, tempHost, type TempHost } from './temp-host.ts';

const open: TempHost[] = [];
const hostFor = (...args: Parameters<typeof tempHost>): TempHost => {
  const host = tempHost(...args);
  open.push(host);
  return host;
};
afterEach(() => {
  for (const host of open.splice(0)) host.remove();
});

const inOut = { version: '1', input: z.object({ n: z.number() }), output: z.object({ twice: z.number() }) } as const;
const sh = (script: string) => command({ name: 'c.sh', argv: ['sh', '-c', script], ...inOut });
async function failureOf(script: string, host?: TempHost): Promise<StepFailure> {
  const t = sh(script);
  const error = await runStep(stepCall(t, { n: 2 }), host ?? hostFor([t])).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(StepError);
  return (error as StepError).failure;
}
const alive = (pid: number): boolean => {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.[0] !== 'Z';
  } catch {
    return false;
  }
};
async function until(what: string, probe: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!probe()) {
    if (Date.now() > deadline) throw new Error(`${what}: not in time`);
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  }
}

const python = ['python3', '/usr/bin/python3'].find((program) => {
  try {
    execFileSync(program, ['-c', '']);
    return true;
  } catch {
    return false;
  }
});

describe('a command task', () => {
  it('gets its input as a JSON file and gives its output as one', async () => {
    const t = command({
      name: 'c.node',
      argv: [
        process.execPath,
        '-e',
        `
      const fs = require('node:fs');
      const { n } = JSON.parse(fs.readFileSync(process.env.HEDDLE_INPUT, 'utf8'));
      console.log('computing'); console.error('a warning'); console.log('::progress 3/10 third of ten');
      fs.writeFileSync(process.env.HEDDLE_OUTPUT, JSON.stringify({ twice: n * 2, key: process.env.HEDDLE_IDEMPOTENCY_KEY }));`,
      ],
      ...inOut,
    });
    const host = hostFor([t]);
    const { output } = await runStep(stepCall(t, { n: 21 }), host);
    expect(output).toEqual({ twice: 42 });
    const log = await host.logText(stepCall(t, {}));
    expect(log).toMatch(/"level":"info".*"text":"computing"/);
    expect(log).toMatch(/"level":"warn".*"text":"a warning"/);
    expect(log).not.toContain('::progress');
    expect(host.events).toContainEqual(expect.objectContaining({ kind: 'progress', done: 3, total: 10, note: 'third of ten' }));
    expect(readdirSync(join(host.folder, 'scratch')).filter((name) => name.startsWith('command-'))).toEqual([]);
  });

  it.skipIf(!python)('runs Python with its standard library alone (needs python3 on the PATH: apt-get install python3)', async () => {
    const t = command({
      name: 'c.py',
      argv: [
        python ?? '',
        '-c',
        `
import json, os
with open(os.environ['HEDDLE_INPUT']) as f: n = json.load(f)['n']
print('::progress 1')
with open(os.environ['HEDDLE_OUTPUT'], 'w') as f: json.dump({'twice': n * 2}, f)`,
      ],
      ...inOut,
    });
    const host = hostFor([t]);
    expect((await runStep(stepCall(t, { n: 4 }), host)).output).toEqual({ twice: 8 });
    expect(host.events).toContainEqual(expect.objectContaining({ kind: 'progress', done: 1, total: null, note: null }));
  });

  it.each([
    ['exit 1', { class: 'user', code: 'HDL-COMMAND-FAILED' }],
    ['echo bad row >&2; exit 65', { class: 'data', code: 'HDL-COMMAND-FAILED' }],
    ['exit 69', { class: 'upstream', code: 'HDL-COMMAND-FAILED' }],
    ['exit 75', { class: 'capacity', code: 'HDL-COMMAND-FAILED' }],
    ['kill -KILL $$', { class: 'platform', code: 'HDL-COMMAND-FAILED' }],
    ['echo "{" > "$HEDDLE_OUTPUT"', { class: 'data', code: 'HDL-COMMAND-OUTPUT' }],
    ['echo "{ \\"twice\\": \\"x\\" }" > "$HEDDLE_OUTPUT"', { class: 'data', code: 'HDL-TASK-OUTPUT' }],
    ['true', { class: 'data', code: 'HDL-TASK-OUTPUT' }],
  ] as const)('that does `%s` fails with its class', async (script, expected) => {
    expect(await failureOf(script)).toMatchObject(expected);
  });
  it('shows the end of its stderr in the failure', async () => {
    expect((await failureOf('echo bad row 17 >&2; exit 65')).message).toMatch(/ended with exit code 65\.\nbad row 17/);
  });
  it('whose program is missing says so', async () => {
    const t = command({ name: 'c.none', argv: ['no-such-program-of-heddle'], ...inOut });
    const error = await runStep(stepCall(t, { n: 1 }), hostFor([t])).then(
      () => null,
      (thrown: StepError) => thrown.failure,
    );
    expect(error).toMatchObject({ class: 'platform', code: 'HDL-NO-PROGRAM' });
    expect(error?.message).toContain('no-such-program-of-heddle cannot be started');
  });
  it('keeps its checkpoint folder between attempts and loses it after success', async () => {
    const script =
      'if [ -f "$HEDDLE_CHECKPOINT/half" ]; then echo "{ \\"twice\\": 1 }" > "$HEDDLE_OUTPUT"; else echo x > "$HEDDLE_CHECKPOINT/half"; exit 75; fi';
    const t = sh(script);
    const host = hostFor([t]);
    expect(await failureOf(script, host)).toMatchObject({ class: 'capacity' });
    expect((await runStep(stepCall(t, { n: 1 }), host.next())).output).toEqual({ twice: 1 });
    expect(await failureOf(script, host.next())).toMatchObject({ class: 'capacity' });
  });
  it('sees the GPU variables that its pool sets', async () => {
    const t = sh('echo "{ \\"twice\\": $CUDA_VISIBLE_DEVICES }" > "$HEDDLE_OUTPUT"');
    expect((await runStep(stepCall(t, { n: 1 }), hostFor([t], { commandEnv: { CUDA_VISIBLE_DEVICES: '3' } }))).output).toEqual({ twice: 3 });
  });
  it('inherits the variables of its worker, but none of its secrets and tokens', async () => {
    const own = ['HEDDLE_SECRET_DB', 'HEDDLE_SECRETS_FILE', 'HEDDLE_TOKEN', 'HEDDLE_TEMPORAL_API_KEY', 'HEDDLE_CATALOG'];
    const before = Object.fromEntries([...own, 'PLAIN_OF_THE_WORKER'].map((name) => [name, process.env[name]]));
    for (const name of Object.keys(before)) process.env[name] = 'value';
    try {
      const seen = sh(`echo "{ \\"twice\\": $(env | grep -cE '^(${own.join('|')})=') }" > "$HEDDLE_OUTPUT"`);
      expect((await runStep(stepCall(seen, { n: 1 }), hostFor([seen]))).output).toEqual({ twice: 0 });
      const plain = sh(`echo "{ \\"twice\\": $(env | grep -c '^PLAIN_OF_THE_WORKER=value') }" > "$HEDDLE_OUTPUT"`);
      expect((await runStep(stepCall(plain, { n: 1 }), hostFor([plain]))).output).toEqual({ twice: 1 });
    } finally {
      for (const [name, value] of Object.entries(before))
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
    }
  });
  it('gets the secrets that it declares as variables, and no other process does', async () => {
    const t = command({
      name: 'c.secrets',
      argv: ['sh', '-c', 'echo "{ \\"twice\\": ${#token} }" > "$HEDDLE_OUTPUT"; echo "got $token"'],
      ...inOut,
      secrets: ['token'],
    });
    const host = hostFor([t]);
    expect((await runStep(stepCall(t, { n: 1 }), host)).output).toEqual({ twice: 'hunter2-"quoted"-secret'.length });
    expect(await host.logText(stepCall(t, {}))).toContain('got [secret token]');
    expect(process.env['token']).toBeUndefined();
  });
  it('that declares a secret which the worker has not fails before its program starts', async () => {
    const file = join(hostFor([]).folder, 'started');
    const t = command({ name: 'c.none', argv: ['sh', '-c', `touch ${file}`], ...inOut, secrets: ['token', 'REGISTRY_TOKEN'] });
    const error = await runStep(stepCall(t, { n: 1 }), hostFor([t])).then(
      () => null,
      (thrown: StepError) => thrown.failure,
    );
    expect(error).toMatchObject({ class: 'platform', code: 'HDL-NO-SECRET' });
    expect(error?.message).toContain('"REGISTRY_TOKEN"');
    expect(existsSync(file)).toBe(false);
  });
  it('leaks no secret that it prints over several lines or over the cut of a long one', async () => {
    const key = `-----BEGIN KEY-----\n${'QmFzZTY0IG9mIGEga2V5'.repeat(3)}\n${'second line of the key'}\n-----END KEY-----`;
    const script = `echo "$KEY"; printf '%s' "${'x'.repeat(32 * 1024 - 20)}$LONG" | cat; echo; echo "$KEY" >&2; exit 1`;
    const t = command({ name: 'c.lines', argv: ['sh', '-c', script], ...inOut, secrets: ['KEY', 'LONG'] });
    const secrets: Record<string, string> = { KEY: key, LONG: 'a-rather-long-secret-that-is-cut-in-two' };
    const host = hostFor([t]);
    const own: TempHost = { ...host, secret: async (name) => (host.redactor.add(name, secrets[name] ?? ''), secrets[name]) };
    const thrown = await runStep(stepCall(t, { n: 1 }), own).catch((error: unknown) => error);
    const said = `${await host.logText(stepCall(t, {}))} ${(thrown as StepError).failure.message}`;
    for (const part of ['QmFzZTY0', 'second line', 'a-rather-long', 'that-is-cut', 'in-two']) expect(said).not.toContain(part);
    expect(said).toContain('[secret KEY]');
  });
  it('leaks no secret of its worker', async () => {
    const host = hostFor([]);
    host.redactor.add('token', 'swordfish-1234');
    const failure = await failureOf(
      'echo swordfish-1234; echo swordfish-1234 >&2; exit 1',
      hostFor([sh('echo swordfish-1234; echo swordfish-1234 >&2; exit 1')], { redactor: host.redactor }),
    );
    expect(failure.message).toContain('[secret token]');
    expect(failure.message).not.toContain('swordfish');
  });
  it('gets SIGTERM on a cancel and may end in order', async () => {
    const file = join(hostFor([]).folder, 'ended');
    const t = sh(`trap 'echo ended > ${file}; exit 0' TERM; touch ${file}.up; while true; do sleep 0.05; done`);
    const host = hostFor([t]);
    const running = runStep(stepCall(t, { n: 1 }), host);
    await until('the program', () => existsSync(`${file}.up`));
    host.cancel.abort(new StepCancelled('CANCELLED'));
    await expect(running).rejects.toBeInstanceOf(StepCancelled);
    expect(readFileSync(file, 'utf8')).toBe('ended\n');
  });
  it('is gone when its time is over, heeding SIGTERM or not', async () => {
    const file = join(hostFor([]).folder, 'pid');
    const t = sh(`trap '' TERM; echo $$ > ${file}; while true; do sleep 0.05; done`);
    const error = await runStep(stepCall(t, { n: 1 }, { timeoutMs: 3_000 }), hostFor([t])).then(
      () => null,
      (thrown: StepError) => thrown.failure,
    );
    expect(error).toMatchObject({ class: 'timeout', code: 'HDL-STEP-TIMEOUT' });
    await until('the program is gone', () => !alive(Number(readFileSync(file, 'utf8'))));
  });
});

describe('a process group', () => {
  it('is killed when its program does not heed SIGTERM, with what the program has started', async () => {
    const { folder } = hostFor([]);
    const file = join(folder, 'pids');
    const abort = new AbortController();
    const running = runProcess({
      argv: ['sh', '-c', `trap '' TERM; sleep 300 & echo $$ $! > ${file}.new; mv ${file}.new ${file}; wait; wait`],
      cwd: folder,
      env: process.env,
      signal: abort.signal,
      onStdout: () => undefined,
      onStderr: () => undefined,
      killAfterMs: () => 300,
    });
    await until('the program', () => existsSync(file));
    const pids = readFileSync(file, 'utf8').trim().split(' ').map(Number);
    abort.abort();
    expect(await running).toEqual({ code: null, signal: 'SIGKILL' });
    await until('both are gone', () => !pids.some(alive));
  });
  it('does not outlive its program', async () => {
    const { folder } = hostFor([]);
    const file = join(folder, 'pid');
    await runProcess({
      argv: ['sh', '-c', `sleep 300 & echo $! > ${file}`],
      cwd: folder,
      env: process.env,
      signal: new AbortController().signal,
      onStdout: () => undefined,
      onStderr: () => undefined,
    });
    const pid = Number(readFileSync(file, 'utf8'));
    await until('the grandchild is gone', () => !alive(pid));
  });
  it('of a killed worker is swept by the next one, and one of a living worker is not', async () => {
    const { folder } = hostFor([]);
    const abort = new AbortController();
    const file = join(folder, 'pid');
    const running = runProcess({
      argv: ['sh', '-c', `echo $$ > ${file}; exec sleep 300`],
      cwd: folder,
      env: process.env,
      signal: abort.signal,
      onStdout: () => undefined,
      onStderr: () => undefined,
      onStart: (pid) => noteGroup(folder, pid),
    });
    await until('the program', () => existsSync(file) && readFileSync(file, 'utf8') !== '');
    expect(sweepGroups(folder)).toEqual([]);
    const groups = join(folder, 'groups');
    const [note = ''] = readdirSync(groups);
    const [place = '', , ownerSince = '', pid = '', since = ''] = note.split('-');
    const others = join(folder, 'other', 'groups');
    mkdirSync(others, { recursive: true });
    const left = `${process.pid}-${Number(ownerSince) + 1}-${pid}-${since}`;
    // in another container these numbers are other processes; its note is left alone, and goes when it is old
    for (const [name, days] of [
      ['young', 1],
      ['old', 8],
    ] as const) {
      writeFileSync(join(others, `${name}-${left}`), '');
      const at = Date.now() / 1000 - days * 24 * 3600;
      utimesSync(join(others, `${name}-${left}`), at, at);
    }
    expect(sweepGroups(join(folder, 'other'))).toEqual([]);
    expect(readdirSync(others)).toEqual([`young-${left}`]);
    expect(alive(Number(pid))).toBe(true);
    // as a worker would have left it whose process is gone: this process's id, another start
    writeFileSync(join(others, `${place}-${left}`), '');
    expect(sweepGroups(join(folder, 'other'))).toEqual([Number(pid)]);
    expect(await running).toMatchObject({ signal: 'SIGKILL' });
  });
});

describe('the end of a command', () => {
  const call = stepCall(sh('true'), {});
  it('tells a signal that a shell passed on', () => {
    expect(commandFailure(call, ['sh'], { code: 137, signal: null }, [])).toMatchObject({
      class: 'platform',
      message: expect.stringContaining('was killed by SIGKILL') as string,
    });
  });
  it('takes a lack of memory for a lack of capacity', () => {
    expect(commandFailure(call, ['python3'], { code: 1, signal: null }, ['Traceback', 'MemoryError'])).toMatchObject({ class: 'capacity' });
  });
  it('reads progress lines and nothing else', () => {
    expect(parseProgress('::progress 2.5/10')).toEqual({ done: 2.5, total: 10, note: null });
    expect(parseProgress('::progress 7 files read')).toEqual({ done: 7, total: null, note: 'files read' });
    expect(parseProgress('progress 7')).toBeNull();
    expect(parseProgress('::progress many')).toBeNull();
  });
});
