/** The rarer ends of long steps on the real server: deaf, failing, terminated, and those that nobody called long. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Json } from '../../dsl/plan/types.ts';
import { executionsOf, Kit, until } from './kit.ts';
import { ended, held, limits, long, nodesOf } from './long-kit.ts';
import { plan, step } from './plans.ts';
import { forever, type StepInfo } from './step-fakes.ts';

let kit: Kit;
beforeAll(async () => {
  kit = await Kit.start();
  kit.on('add', ({ x }: { x: number }) => x + 1);
  kit.on('hang', forever);
});
afterAll(() => kit.stop());

it('one that does not hear the cancel is left behind after the grace, and listed', async () => {
  let release: () => void = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  kit.on('deaf', () => held);
  const run = await kit.run(plan('deaflong', [step('deaf'), ...nodesOf(60)], { rules: { deaf: long } }), { limits: { ...limits, graceMs: 500 } });
  await ended(run, 's59');
  await run.handle.cancel();
  expect(await run.failure()).toContain('canceled');
  release();
  expect(kit.control.final(run.runId)).toMatchObject({ status: 'cancelled', abandoned: ['deaf'] });
  await until(
    () => kit.client.workflow.getHandle(`${run.handle.workflowId}/deaf`).describe(),
    ({ status }) => status.name === 'CANCELLED',
  );
});

it('its failures, time-outs and budgets are those of the step', async () => {
  let tries = 0;
  const flaky = held();
  kit.on('flaky', async (input: Json, info: StepInfo) => {
    if (++tries === 1) await flaky.handler(input, info);
    if (tries < 3) throw new Error('odd data');
    return 7;
  });
  const run = await kit.run(
    plan('budgets', [step('flaky'), step('slow', {}, { task: 'hang@1' }), ...nodesOf(60)], {
      rules: { flaky: { ...long, classes: { user: 2 } }, hang: { ...long, timeoutMs: 901_000, attempts: 1, queueMs: 600_000, heartbeatMs: 1000 } },
    }),
    { limits },
  );
  await ended(run, 's59');
  flaky.release(new Error('odd data'));
  await ended(run, 'flaky');
  await run.handle.cancel();
  await run.failure();
  expect(tries).toBe(3);
  expect(run.steps().get('flaky')).toMatchObject({ status: 'done', output: 7, attempts: 3 });
});

it('one that is terminated from outside after a continue-as-new fails its step with HDL-CHILD-ENDED', async () => {
  const run = await kit.run(plan('lostlong', [step('hang'), ...nodesOf(60)], { rules: { hang: long } }), { limits: { ...limits, askMs: 300 } });
  await ended(run, 's59');
  await kit.client.workflow.getHandle(`${run.handle.workflowId}/hang`).terminate();
  expect(await run.failure()).toContain('hang: HDL-CHILD-ENDED');
});

it('a step that nobody called long holds the run up for a while only, and the history ends at twice its bound', async () => {
  const slow = held();
  kit.on('slow', slow.handler);
  const run = await kit.run(plan('patient', [step('slow'), ...nodesOf(60)]), { limits: { historyEvents: 100, drainMs: 300 } });
  await run.until(({ steps }) => steps.some((one) => one.step === 's24' && one.status === 'done'));
  await until(
    () => executionsOf(kit, run.handle.workflowId),
    ([only]) => (only?.events ?? 0) >= 200,
  );
  slow.release(1);
  await run.result();
  const all = await executionsOf(kit, run.handle.workflowId);
  expect(all.length).toBeGreaterThanOrEqual(2);
  expect(Math.max(...all.map(({ events }) => events))).toBeLessThan(260);
  expect(kit.steps.stepsOf(run.runId)).toHaveLength(61);
});
