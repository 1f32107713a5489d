/** Steps on the real server: order, retries, time-outs, failures, skips, always, and what Temporal's own UI shows. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { historyOf, activitiesOf } from './history.ts';
import { Kit } from './kit.ts';
import { block, chain, plan, ref, step } from './plans.ts';
import { Staged, TaskFailure } from './step-fakes.ts';

let kit: Kit;
beforeAll(async () => {
  kit = await Kit.start();
  kit.on('add', ({ x }: { x: number }) => x + 1);
});
afterAll(() => kit.stop());

describe('order', () => {
  it('runs dependent steps one after the other, with three events a step and one workflow task between them', async () => {
    const run = await kit.run(chain(20));
    expect(await run.result()).toBe(20);
    const { events } = await historyOf(run.handle);
    const steps = activitiesOf(events).filter(({ type }) => type === 'add');
    expect(steps).toHaveLength(20);
    for (let i = 1; i < steps.length; i++) expect(steps[i]?.scheduled).toBeGreaterThan(steps[i - 1]?.completed as number);
    // 20 steps, the record, the status, start and end.
    expect(events.length).toBeLessThan(21 * 6 + 12);
    expect(events.some((event) => event.timerStartedEventAttributes ?? event.markerRecordedEventAttributes)).toBe(false);
  });

  it('runs steps without a dependency between them side by side', async () => {
    let open = 0;
    let both: () => void;
    const met = new Promise<void>((resolve) => {
      both = resolve;
    });
    const meet = async () => {
      if (++open === 2) both();
      await met;
    };
    kit.on('left', meet);
    kit.on('right', meet);
    const run = await kit.run(plan('sides', [step('left'), step('right'), step('join', { a: ref('left'), b: ref('right') })]));
    await run.result();
    const [left, right, join] = activitiesOf((await historyOf(run.handle)).events);
    expect(left?.workflowTask).toBe(right?.workflowTask);
    expect(join?.scheduledMs).toBeGreaterThanOrEqual(Math.max(left?.completedMs as number, right?.completedMs as number));
  });

  it('takes many completions of one workflow task in one turn', async () => {
    const nodes = Array.from({ length: 40 }, (_, i) => step(`w${i}`, { x: i }, { task: 'add@1' }));
    const run = await kit.run(
      plan('wide', [...nodes, step('sum', { all: nodes.map(({ id }) => ref(id)) }, { task: 'echo@1' })], { output: ref('sum', 'all') }),
    );
    expect(await run.result()).toEqual(nodes.map((_, i) => i + 1));
    expect((await historyOf(run.handle)).events.length).toBeLessThan(42 * 6);
  });
});

describe('failures', () => {
  it('a failed step fails what needs it, lets other branches end, and all reasons are told', async () => {
    kit.on('bad', () => {
      throw new Error('the data is odd');
    });
    kit.on('worse', () => {
      throw new TaskFailure('data', 'the shape is wrong');
    });
    const nodes = [
      step('bad'),
      step('after', { x: ref('bad') }),
      step('fine', { x: 1 }, { task: 'add@1' }),
      step('next', { x: ref('fine') }, { task: 'add@1' }),
      step('worse'),
    ];
    const run = await kit.run(plan('branches', nodes));
    const message = await run.failure();
    expect(message).toContain('bad: Error: the data is odd');
    expect(message).toContain('worse: Error: the shape is wrong');
    expect(message).not.toContain('after:');
    const rows = run.steps();
    expect([...rows].map(([name, row]) => [name, row.status])).toEqual([
      ['bad', 'failed'],
      ['after', 'blocked'],
      ['fine', 'done'],
      ['next', 'done'],
      ['worse', 'failed'],
    ]);
    expect(rows.get('worse')?.failure).toMatchObject({ class: 'data' });
    expect(kit.control.final(run.runId)).toMatchObject({ status: 'failed', failures: [{ step: 'bad' }, { step: 'worse' }] });
  });

  it('Temporal retries platform failures with growing waits, and the worker counts', async () => {
    kit.on('flaky', (_input, { attempt }) => {
      if (attempt < 3) throw new TaskFailure('platform');
      return attempt;
    });
    const run = await kit.run(plan('flaky', [step('flaky')], { output: ref('flaky') }));
    expect(await run.result()).toBe(3);
    expect(run.steps().get('flaky')).toMatchObject({ status: 'done', attempts: 3 });
  });

  it('a failure is final when the attempts are used up', async () => {
    kit.on('broken', () => {
      throw new TaskFailure('platform', 'the disk is gone');
    });
    const run = await kit.run(plan('broken', [step('broken')]));
    expect(await run.failure()).toContain('the disk is gone');
    expect(run.steps().get('broken')).toMatchObject({ attempts: 3, failure: { class: 'platform' } });
  });

  it('user failures are tried again by the interpreter within their budget', async () => {
    let calls = 0;
    kit.on('moody', () => {
      if (++calls < 3) throw new Error('not today');
      return calls;
    });
    const run = await kit.run(plan('moody', [step('moody')], { output: ref('moody'), rules: { moody: { classes: { user: 2 } } } }));
    expect(await run.result()).toBe(3);
    expect(run.steps().get('moody')).toMatchObject({ attempts: 3, status: 'done' });
    const timers = (await historyOf(run.handle)).events.filter((event) => event.timerStartedEventAttributes);
    expect(timers).toHaveLength(2);
  });

  it('a step that no worker takes in its time in the queue fails with HDL-TIMEOUT-QUEUE', async () => {
    const run = await kit.run(plan('queued', [step('nobody')], { rules: { nobody: { class: 'absent', queueMs: 1000 } } }));
    const state = await run.untilStep('nobody', 'queued');
    expect(state.steps[0]?.waitingFor).toBe('a worker of p/default/absent');
    expect(await run.failure()).toContain('HDL-TIMEOUT-QUEUE');
  });

  it('an attempt that is silent or too long is tried again on another', async () => {
    kit.on('slow', async (_input, { attempt }) => {
      if (attempt === 1) await new Promise((resolve) => setTimeout(resolve, 1500));
      return attempt;
    });
    const run = await kit.run(plan('slow', [step('slow')], { output: ref('slow'), rules: { slow: { timeoutMs: 700 } } }));
    expect(await run.result()).toBe(2);
  });

  it('an input above 64 KiB fails its step with HDL-INPUT-TOO-LARGE, and starts nothing', async () => {
    const big = 'x'.repeat(40_000);
    const run = await kit.run(
      plan('big', [step('a', { big }, { task: 'echo@1' }), step('b', { one: ref('a', 'big'), two: ref('a', 'big') }, { task: 'echo@1' })]),
    );
    expect(await run.failure()).toContain('b: HDL-INPUT-TOO-LARGE: the input of b is 80019 bytes');
    expect(kit.steps.stepsOf(run.runId)).toEqual(['a']);
  });

  it('a result above 64 KiB fails the run with HDL-OUTPUT-TOO-LARGE', async () => {
    const run = await kit.run(plan('bigout', [step('a', { x: 'x'.repeat(40_000) }, { task: 'echo@1' })], { output: [ref('a'), ref('a')] }));
    expect(await run.failure()).toContain('output: HDL-OUTPUT-TOO-LARGE');
    expect(kit.control.final(run.runId)).toMatchObject({ status: 'failed', output: null });
  });
});

describe('skips, publishing, control tasks, always', () => {
  it('a branch that is not taken skips what needs it, unless it is handled', async () => {
    const nodes = [
      step('auc', { x: 0 }, { task: 'add@1' }),
      { kind: 'branch' as const, id: 'when', if: { $op: ['gte', ref('auc'), 5] }, then: block([step('promote')], ref('promote')) },
      step('uses', { p: ref('when') }),
      step('handles', { p: { $orElse: [ref('when'), 'none'] } }, { after: ['when'], task: 'echo@1' }),
    ];
    const run = await kit.run(plan('skips', nodes, { output: { handled: ref('handles', 'p'), used: { $orElse: [ref('uses'), null] } } }));
    expect(await run.result()).toEqual({ handled: 'none', used: null });
    expect(run.steps().get('uses')?.status).toBe('skipped');
    expect(kit.control.final(run.runId)?.status).toBe('done');
  });

  it('a staged partition is published by an activity of its own, whose output replaces the first', async () => {
    kit.on(
      'write',
      () =>
        new Staged({ slice: 'staged' }, [
          { dataset: 'd', uri: 'file:///d', key: { day: '1' }, staging: 's', manifestDigest: 'm', rows: 1, bytes: 1, at: ['slice'] },
        ]),
    );
    const run = await kit.run(plan('publishes', [step('write')], { output: ref('write') }));
    expect(await run.result()).toEqual({ published: { slice: 'staged' } });
    expect(kit.steps.published.at(-1)).toMatchObject({ step: 'write', runId: run.runId, replace: true });
    const { events } = await historyOf(run.handle);
    expect(activitiesOf(events).map(({ id }) => id)).toEqual(['write', 'write:generation', 'write:publish', 'record:0']);
    // a worker that dies while it publishes is missed after a minute, not after the ten that a publish may take
    expect(
      Number(
        events.find((event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'heddle.publish')?.activityTaskScheduledEventAttributes
          ?.heartbeatTimeout?.seconds,
      ),
    ).toBe(60);
  });

  it('a control task runs on the server with the call that it takes', async () => {
    const run = await kit.run(
      plan('control', [step('register', { model: 'm' }, { task: 'heddle.register_model@1' })], {
        output: ref('register', 'model'),
        rules: { 'heddle.register_model': { pool: 'heddle' } },
      }),
    );
    expect(await run.result()).toBe('m');
    expect(kit.control.controlSteps.at(-1)).toEqual({ project: 'p', runId: run.runId, pipeline: 'control', step: 'register', input: { model: 'm' } });
  });

  it('always runs once after a failure, and is told of it', async () => {
    const always = block([step('clean', { status: ref('$outcome', 'status'), step: ref('$outcome', 'failedStep') }, { task: 'echo@1' })]);
    const run = await kit.run(plan('cleans', [step('bad')], { always }));
    expect(await run.failure()).toContain('the data is odd');
    expect(run.steps().get('always.clean')?.output).toEqual({ status: 'failed', step: 'bad' });
  });

  it('an always block that takes too long is left behind with HDL-ALWAYS-TIMEOUT', async () => {
    kit.on('stuck', (_input, { signal }) => new Promise((_, reject) => signal.addEventListener('abort', reject)));
    const run = await kit.run(plan('stuck', [step('a', {}, { task: 'echo@1' })], { always: block([step('stuck')]) }), { limits: { alwaysMs: 500 } });
    expect(await run.failure()).toContain('always.stuck: HDL-ALWAYS-TIMEOUT');
    expect(kit.control.final(run.runId)?.abandoned).toEqual(['always.stuck']);
  });
});

describe('Temporal’s own UI', () => {
  it('finds names, ids, summaries, details and status', async () => {
    const long = `a-step-with-a-name-${'that-goes-on-'.repeat(20)}`;
    kit.on('bad', () => {
      throw new Error('the data is odd');
    });
    const run = await kit.run(plan('readable', [step('add-one', { x: 1 }, { task: 'add@1' }), step(long, { x: 1 }, { task: 'add@1' }), step('bad')]));
    await run.failure();
    const description = await run.handle.describe();
    expect(description.type).toBe('readable');
    expect(description.searchAttributes['HeddleStatus']).toEqual(['failed']);
    const activities = activitiesOf((await historyOf(run.handle)).events);
    expect(activities[0]).toMatchObject({ type: 'add', id: 'add-one', summary: 'add-one v1', queue: 'p/default/small' });
    expect(activities[1]?.id.length).toBeLessThanOrEqual(200);
    expect(activities[1]?.id).toMatch(/^a-step-with-a-name-.*~[0-9a-f]{16}$/);
    const { currentDetails } = await run.handle.query<{ currentDetails: string }>('__temporal_workflow_metadata');
    expect(currentDetails).toMatch(/\*\*failed\*\* · (2 done · 1 failed|1 failed · 2 done)/); // in the order in which they came
    expect(currentDetails).toContain('- `bad` failed: the data is odd');
  });
});
