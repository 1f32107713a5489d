import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { runStep } from '../../activities/step/run-step.ts';
import { StepCancelled, StepError, StepInterrupted } from '../../activities/step/step-error.ts';
import { dataset, daily, itemList, task } from '../../dsl/index.ts';
import { isStored, type StepCall, type StepFailure } from '../../dsl/contract/step.ts';
import type { Json } from '../../dsl/plan/types.ts';
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

const run = (body: (input: { n: number }, ctx: never) => Promise<unknown>, more: object = {}) =>
  task({ name: 't.one', version: '1', input: z.object({ n: z.number().default(7) }), output: z.object({ text: z.string() }), ...more, run: body as never });
async function failureOf(call: StepCall, host: TempHost): Promise<StepFailure> {
  const error = await runStep(call, host).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(StepError);
  return (error as StepError).failure;
}

describe('a step', () => {
  it('gets its input with defaults and gives its output with who ran it', async () => {
    const t = run(async ({ n }) => ({ text: `n is ${n}`, dropped: 1 }));
    const result = await runStep(stepCall(t, {}), hostFor([t], { attempt: 2 }));
    expect(result.output).toEqual({ text: 'n is 7' });
    expect(result.meta).toMatchObject({ attempt: 2, worker: 'test-worker', codeDigest: null });
    expect(result.staged).toBeUndefined();
  });

  it('that was called with a wrong input is a data failure that names the path', async () => {
    const t = run(async () => ({ text: '' }));
    const failure = await failureOf(stepCall(t, { n: 'x' }), hostFor([t]));
    expect(failure).toMatchObject({ class: 'data', code: 'HDL-TASK-INPUT' });
    expect(failure.message).toContain('input.n:');
  });

  it('that returns a wrong shape is a data failure that names the path', async () => {
    const t = task({
      name: 't.rows',
      version: '1',
      output: z.object({ rows: z.array(z.object({ id: z.string() })) }),
      run: (async () => ({ rows: [{ id: 'a' }, { id: 4 }] })) as never,
    });
    const failure = await failureOf(stepCall(t, {}), hostFor([t]));
    expect(failure).toMatchObject({ class: 'data', code: 'HDL-TASK-OUTPUT', meta: { attempt: 1 } });
    expect(failure.message).toContain('output.rows[1].id:');
  });

  it('that the worker does not have is a platform failure HDL-NO-TASK', async () => {
    const t = run(async () => ({ text: '' }));
    expect(await failureOf({ ...stepCall(t, {}), version: '2' }, hostFor([t]))).toMatchObject({ class: 'platform', code: 'HDL-NO-TASK' });
  });

  const thrown: [string, () => unknown, Partial<StepFailure>][] = [
    ['a string is a user failure with its text', () => 'the moon is full', { class: 'user', code: 'Error', message: 'the moon is full' }],
    ['an object is a user failure that shows it', () => ({ a: 1 }), { class: 'user', message: 'threw {"a":1}' }],
    ['an error is a user failure with its name', () => new RangeError('too far'), { class: 'user', code: 'RangeError', message: 'too far' }],
    [
      'a refused connection is an upstream failure',
      () => new Error('fetch failed', { cause: Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }) }),
      { class: 'upstream' },
    ],
    [
      'a gathered timeout is an upstream failure',
      () => new AggregateError([Object.assign(new Error('x'), { code: 'ETIMEDOUT' })], 'all failed'),
      { class: 'upstream' },
    ],
    ['a full disk is a capacity failure', () => Object.assign(new Error('no space'), { code: 'ENOSPC' }), { class: 'capacity' }],
    ['a failed allocation is a capacity failure', () => new RangeError('Array buffer allocation failed'), { class: 'capacity' }],
  ];
  it.each(thrown)('whose code throws: %s', async (_, make, expected) => {
    const t = run(async () => {
      throw make();
    });
    expect(await failureOf(stepCall(t, {}), hostFor([t]))).toMatchObject(expected);
  });

  it('passes an output above 4 KiB by reference and keeps what the interpreter reads', async () => {
    const t = run(async () => ({ text: 'x'.repeat(5000), auc: 0.7 }), { output: z.object({ text: z.string(), auc: z.number() }) });
    const host = hostFor([t]);
    const { output } = await runStep(stepCall(t, {}, { keep: [['auc']] }), host);
    expect(isStored(output)).toBe(true);
    expect(output).toMatchObject({ kept: { auc: 0.7 } });
    const echo = task({
      name: 't.echo',
      version: '1',
      input: z.object({ from: z.object({ text: z.string(), auc: z.number() }) }),
      output: z.number(),
      run: async ({ from }) => from.text.length,
    });
    const second = await runStep(stepCall(echo, { from: output }), hostFor([echo], {}, host.folder));
    expect(second.output).toBe(5000);
  });

  it('whose output is above 64 KiB fails with the size, the largest part and the advice', async () => {
    const t = run(async () => ({ text: 'x'.repeat(70_000) }));
    const failure = await failureOf(stepCall(t, {}), hostFor([t]));
    expect(failure).toMatchObject({ class: 'data', code: 'HDL-OUTPUT-TOO-LARGE' });
    expect(failure.message).toMatch(/69 KiB.*64 KiB.*output\.text.*ctx\.artifact.*ctx\.items/s);
  });
  it('whose assembled input is above 64 KiB fails before its code runs', async () => {
    let ran = false;
    const t = run(async () => {
      ran = true;
      return { text: '' };
    });
    const failure = await failureOf(stepCall(t, { n: 1, more: 'x'.repeat(70_000) }), hostFor([t]));
    expect(failure).toMatchObject({ class: 'data', code: 'HDL-INPUT-TOO-LARGE' });
    expect(ran).toBe(false);
  });

  it.each([1_000, 2_000])('may use most of a timeout of %s ms, and fails by its own word when it takes longer', async (timeoutMs) => {
    const sleeps = (ms: number) =>
      task({
        name: 't.sleeps',
        version: '1',
        output: z.string(),
        run: () =>
          new Promise<string>(
            (resolve) =>
              void setTimeout(() => {
                resolve('ended');
              }, ms),
          ),
      });
    const quick = sleeps(timeoutMs * 0.8);
    const slow = sleeps(timeoutMs * 2);
    const startedAt = performance.now();
    const [well, late] = await Promise.all([
      runStep(stepCall(quick, {}, { timeoutMs }), hostFor([quick])),
      runStep(stepCall(slow, {}, { timeoutMs }), hostFor([slow])).then(
        () => null,
        (error: unknown) => ({ failure: (error as StepError).failure, after: performance.now() - startedAt }),
      ),
    ]);
    expect(well.output).toBe('ended');
    expect(late?.failure).toMatchObject({ class: 'timeout', code: 'HDL-STEP-TIMEOUT', message: expect.stringContaining(`within ${timeoutMs / 1000} s`) });
    expect(late?.after).toBeGreaterThan(timeoutMs * 0.85);
  });
  it('that never returns fails as timeout, and its signal aborts', async () => {
    let aborted = false;
    const t = run(
      (_, ctx: { signal: AbortSignal }) =>
        new Promise(() => {
          ctx.signal.addEventListener('abort', () => {
            aborted = true;
          });
        }) as never,
    );
    const failure = await failureOf(stepCall(t, {}, { timeoutMs: 400 }), hostFor([t]));
    expect(failure).toMatchObject({ class: 'timeout', code: 'HDL-STEP-TIMEOUT' });
    expect(failure.message).toContain('400 ms');
    expect(aborted).toBe(true);
  });
  it('that heeds a cancel ends as cancelled, whatever it throws then', async () => {
    const host: TempHost = hostFor([]);
    const t = run(
      (_, ctx: { signal: AbortSignal }) =>
        new Promise((_resolve, reject) => {
          ctx.signal.addEventListener('abort', () => {
            reject(new Error('stopped'));
          });
          queueMicrotask(() => {
            host.cancel.abort(new StepCancelled('cancelled'));
          });
        }),
    );
    await expect(runStep(stepCall(t, {}), hostFor([t], { signal: host.cancel.signal }))).rejects.toBeInstanceOf(StepCancelled);
  });
  it('tells a shutdown from a cancel', async () => {
    const stop = new AbortController();
    const t = run(
      (_, ctx: { signal: AbortSignal }) =>
        new Promise((_resolve, reject) => {
          ctx.signal.addEventListener('abort', () => {
            reject(new Error('stopped'));
          });
          queueMicrotask(() => {
            stop.abort(new StepInterrupted('shutdown'));
          });
        }),
    );
    await expect(runStep(stepCall(t, {}), hostFor([t], { signal: stop.signal }))).rejects.toBeInstanceOf(StepInterrupted);
  });
});

describe('the context', () => {
  it('writes a log line with its fields to the file of the attempt and pushes it', async () => {
    const t = run(async (_, ctx: { log: { info(text: string, fields?: object): void } }) => {
      ctx.log.info('half', { rows: 3 });
      ctx.log.info('done');
      return { text: '' };
    });
    const host = hostFor([t]);
    await runStep(stepCall(t, {}), host);
    const lines = (await host.logText(stepCall(t, {})))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Json);
    expect(lines).toEqual([
      { level: 'info', at: expect.any(Number) as number, step: 't.one', attempt: 1, text: 'half', fields: { rows: 3 } },
      { level: 'info', at: expect.any(Number) as number, step: 't.one', attempt: 1, text: 'done' },
    ]);
    expect(host.events.filter(({ kind }) => kind === 'log')).toHaveLength(2);
  });
  it('cuts a log at 10 MB with a marker', async () => {
    const t = run(async (_, ctx: { log: { info(text: string): void } }) => {
      for (let i = 0; i < 12_000; i++) ctx.log.info('x'.repeat(1000));
      return { text: '' };
    });
    const host = hostFor([t]);
    await runStep(stepCall(t, {}), host);
    const text = await host.logText(stepCall(t, {}));
    expect(text.length).toBeLessThan(10 * 1024 * 1024 + 300);
    expect(text.length).toBeGreaterThan(10 * 1024 * 1024 - 2000);
    expect(text.trim().split('\n').at(-1)).toContain('[log truncated: more than 10 MB]');
  });

  it('keeps a checkpoint for the next attempt and drops it after success', async () => {
    const seen: unknown[] = [];
    const t = run(async (_, ctx: { attempt: number; checkpoint: { load(): Promise<unknown>; save(value: unknown): Promise<void> } }) => {
      seen.push(await ctx.checkpoint.load());
      await ctx.checkpoint.save({ done: ctx.attempt * 10 });
      if (ctx.attempt < 3) throw new Error('again');
      return { text: '' };
    });
    const host = hostFor([t]);
    await failureOf(stepCall(t, {}), host);
    await failureOf(stepCall(t, {}), host.next());
    await runStep(stepCall(t, {}), host.next({ attempt: 3 }));
    await runStep(stepCall(t, {}), host.next({ attempt: 4 }));
    expect(seen).toEqual([null, { done: 10 }, { done: 20 }, null]);
    expect(host.beats).toEqual([{ done: 10 }]);
  });
  it('finds a small checkpoint in the last heartbeat when the store has none', async () => {
    let found: unknown;
    const t = run(async (_, ctx: { checkpoint: { load(): Promise<unknown> } }) => {
      found = await ctx.checkpoint.load();
      return { text: '' };
    });
    await runStep(stepCall(t, {}), hostFor([t], { lastCursor: { page: 4 } }));
    expect(found).toEqual({ page: 4 });
  });

  it('writes artifacts and reads them back, and notices when one has changed', async () => {
    const t = run(
      async (
        _,
        ctx: {
          artifact(name: string, content: string): Promise<{ uri: string; digest: string; bytes: number }>;
          readArtifact(from: unknown): Promise<Uint8Array>;
        },
      ) => {
        const made = await ctx.artifact('model/weights.txt', 'abc');
        expect(made).toMatchObject({ bytes: 3, uri: expect.stringMatching(/artifacts\/model\/weights\.txt$/) as string });
        const text = Buffer.from(await ctx.readArtifact(made)).toString();
        await ctx.artifact('model/weights.txt', 'abd');
        await expect(ctx.readArtifact(made)).rejects.toMatchObject({ code: 'HDL-ARTIFACT-CHANGED' });
        await expect(ctx.artifact('../x', '')).rejects.toMatchObject({ code: 'HDL-BAD-NAME' });
        return { text };
      },
    );
    expect((await runStep(stepCall(t, {}), hostFor([t]))).output).toEqual({ text: 'abc' });
  });
  it('writes and reads item lists', async () => {
    const t = task({
      name: 't.items',
      version: '1',
      output: itemList(z.number()),
      run: async (_, ctx) => {
        const list = await ctx.items([1, 2, 3]);
        const back: number[] = [];
        for await (const item of ctx.readItems(list)) back.push(item);
        expect(back).toEqual([1, 2, 3]);
        return list;
      },
    });
    expect((await runStep(stepCall(t, {}), hostFor([t]))).output).toMatchObject({ kind: 'items', count: 3 });
  });

  const Day = daily({ start: '2001-01-01' });
  const Rows = dataset('t.rows', { uri: 'store://t/rows', partitions: Day, schema: z.object({ id: z.number() }) });
  it('stages the partition that ctx.write gets, and says where in the output it stands', async () => {
    const t = task({
      name: 't.publish',
      version: '1',
      output: z.object({ rows: Rows.slice, n: z.number() }),
      run: async (_, ctx) => ({ rows: await ctx.write(Rows, [{ id: 1 }, { id: 2 }]), n: 2 }),
    });
    const result = await runStep(stepCall(t, {}, { into: { day: '2001-01-02' } }), hostFor([t]));
    expect(result.staged).toEqual([
      {
        dataset: 't.rows',
        uri: 'memory://t.rows',
        key: { day: '2001-01-02' },
        staging: 'staging/run1/1',
        manifestDigest: 'm',
        rows: 2,
        bytes: 1,
        at: ['rows'],
      },
    ]);
    expect(result.meta).toMatchObject({ rowsOut: 2 });
  });
  it('refuses a published slice that the step did not write', async () => {
    const t = task({
      name: 't.publish',
      version: '1',
      output: Rows.slice,
      run: (async () => ({ kind: 'slice', dataset: 't.rows', uri: 'x', digest: '', rows: 0, bytes: 0, partitions: [] })) as never,
    });
    expect(await failureOf(stepCall(t, {}, { into: { day: '2001-01-02' } }), hostFor([t]))).toMatchObject({ code: 'HDL-NOT-WRITTEN' });
  });
  it('refuses to write without a partition', async () => {
    const t = task({ name: 't.publish', version: '1', output: Rows.slice, run: async (_, ctx) => ctx.write(Rows, [{ id: 1 }]) });
    expect(await failureOf(stepCall(t, {}), hostFor([t]))).toMatchObject({ code: 'HDL-NO-TARGET' });
  });

  it('gives what identifies the step', async () => {
    let seen: unknown;
    const t = run(async (_, ctx: Record<string, unknown>) => {
      seen = { runId: ctx['runId'], step: ctx['step'], partition: ctx['partition'], key: ctx['idempotencyKey'], attempt: ctx['attempt'] };
      return { text: '' };
    });
    await runStep(stepCall(t, {}, { step: 'a[0].t', partition: '2001-01-02' }), hostFor([t], { attempt: 3 }));
    expect(seen).toEqual({ runId: 'run1', step: 'a[0].t', partition: '2001-01-02', key: 'run1/a[0].t', attempt: 3 });
  });
});

describe('a secret', () => {
  const secret = 'hunter2-"quoted"-secret';
  it('is in no log, progress note, output or failure, in clear or in base64', async () => {
    const leak = [secret, Buffer.from(secret).toString('base64'), Buffer.from(`user:${secret}`).toString('base64'), encodeURIComponent(secret)];
    const t = run(
      async (
        _,
        ctx: {
          secret(name: string): Promise<string>;
          log: { info(text: string, fields?: object): void };
          progress(done: number, total: null, note: string): void;
        },
      ) => {
        const value = await ctx.secret('token');
        ctx.log.info(`token ${value}`, { value, header: leak[2] });
        ctx.progress(1, null, value);
        return { text: leak.join(' ') };
      },
    );
    const host = hostFor([t]);
    const result = await runStep(stepCall(t, {}), host);
    const t2 = run(async (_, ctx: { secret(name: string): Promise<string> }) => {
      throw new Error(`cannot log in with ${await ctx.secret('token')}, ${leak.join(' ')}`);
    });
    const host2 = hostFor([t2]);
    const failure = await failureOf(stepCall(t2, {}), host2);
    const everything =
      JSON.stringify([result, host.events, failure, host2.events]) + (await host.logText(stepCall(t, {}))) + (await host2.logText(stepCall(t2, {})));
    for (const text of leak) expect(everything).not.toContain(text);
    expect(everything).not.toContain(Buffer.from(`user:${secret}`).toString('base64').slice(10, 30));
    expect(everything).not.toContain('hunter2');
    expect(failure.message).toContain('[secret token]');
  });
  it('that the worker does not have is a failure that says where to put it', async () => {
    const t = run(async (_, ctx: { secret(name: string): Promise<string> }) => ({ text: await ctx.secret('db.password') }));
    const failure = await failureOf(stepCall(t, {}), hostFor([t]));
    expect(failure).toMatchObject({ class: 'platform', code: 'HDL-NO-SECRET' });
    expect(failure.message).toContain('HEDDLE_SECRET_DB_PASSWORD');
  });
});
