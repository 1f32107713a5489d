/** Continue-as-new on the real server: long chains, open gates, chunks, and results that are too large to carry. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { GateNode, Json, WaitNode } from '../../dsl/plan/types.ts';
import { messages } from '../../dsl/contract/run.ts';
import { Kit, until, type Run } from './kit.ts';
import { block, chain, mapOf, plan, ref, step } from './plans.ts';

let kit: Kit;
beforeAll(async () => {
  kit = await Kit.start();
  kit.on('add', ({ x }: { x: number }) => x + 1);
});
afterAll(() => kit.stop());

const add = (id: string, x: Json) => step(id, { x }, { task: 'add@1' });

/** Events of each execution of the run's workflow. */
async function histories(run: Run): Promise<number[]> {
  const lengths: number[] = [];
  for await (const info of kit.client.workflow.list({ query: `WorkflowId = '${run.handle.workflowId}'` })) lengths.push(info.historyLength);
  return lengths;
}

it('a long chain goes on in new executions, and each step runs once', async () => {
  const run = await kit.run(chain(60), { limits: { historyEvents: 120 } });
  expect(await run.result()).toBe(60);
  expect(kit.steps.stepsOf(run.runId)).toEqual(Array.from({ length: 60 }, (_, i) => `s${i}`));
  const lengths = await histories(run);
  expect(lengths.length).toBeGreaterThanOrEqual(3);
  expect(Math.max(...lengths)).toBeLessThan(160);
  const rows = [...run.steps().values()];
  expect(rows).toHaveLength(60);
  expect(rows.every((row) => row.status === 'done' && row.attempts === 1 && row.worker === 'fake')).toBe(true);
  // Each step is recorded once, each page has a number of its own.
  const pages = kit.control.pages.filter(({ runId }) => runId === run.runId);
  expect(pages.reduce((sum, page) => sum + page.steps.length, 0)).toBe(60);
  expect(new Set(pages.map(({ page }) => page)).size).toBe(pages.length);
  expect((await run.state()).counts).toEqual({ done: 60 });
  expect((await run.handle.describe()).searchAttributes['HeddleStatus']).toEqual(['done']);
});

it('gates, events and a pause live on, with the deadlines that they had', async () => {
  const gate: GateNode = { kind: 'gate', id: 'ok', ask: 'Go?', show: null, from: ['ann'], withinMs: 600_000, onTimeout: 'reject' };
  const soon: GateNode = { ...gate, id: 'soon', withinMs: 6_000 };
  const wait: WaitNode = { kind: 'wait', id: 'go', on: { event: 'go' }, withinMs: 600_000, after: ['ok'] };
  const nodes = [gate, soon, wait, ...chain(40).body.nodes];
  const started = Date.now();
  const run = await kit.run(plan('gated', nodes, { output: [ref('ok', 'by'), ref('soon', 'timedOut'), ref('go'), ref('s39')] }), {
    limits: { historyEvents: 80 },
  });
  expect(await run.control({ kind: 'event', event: 'go', payload: 7, by: 'ann' })).toMatchObject({ ok: true });
  await run.until(({ steps }) => steps.some((one) => one.step === 's39' && one.status === 'done'));
  expect((await histories(run)).length).toBeGreaterThanOrEqual(3);
  await run.untilStep('soon', 'done');
  expect(Date.now() - started).toBeGreaterThan(5_500);
  expect(await run.control({ kind: 'answer', step: 'ok', approved: true, by: 'ann', roles: [], note: null, at: 1 })).toEqual({ ok: true });
  expect(await run.result()).toEqual(['ann', true, 7, 40]);
  expect(
    kit.control.watches
      .filter(({ runId }) => runId === run.runId)
      .map((call) => call.step)
      .sort(),
  ).toEqual(['ok', 'soon']);
  expect(run.steps().get('ok')?.waitMs).toBeGreaterThan(5_500);
});

it('a map in the middle of its items goes on with those that are left', async () => {
  const items = Array.from({ length: 60 }, (_, i) => i);
  const run = await kit.run(
    plan('mapped', [mapOf('each', items, block([add('a', ref('$item0')), add('b', ref('a'))], ref('b')), { parallel: 5 }), add('n', ref('each', 'length'))], {
      output: [ref('each'), ref('n')],
    }),
    { limits: { historyEvents: 150 } },
  );
  expect(await run.result()).toEqual([items.map((x) => x + 2), 61]);
  expect(kit.steps.stepsOf(run.runId)).toHaveLength(121);
  expect(run.steps().size).toBe(122);
  expect((await histories(run)).length).toBeGreaterThanOrEqual(3);
});

it('an answer that comes while the record is written is heard', async () => {
  const gate: GateNode = { kind: 'gate', id: 'ok', ask: 'Go?', show: null, from: ['ann'], withinMs: 600_000, onTimeout: 'reject' };
  const run = await kit.run(plan('heard', [gate, ...chain(30).body.nodes], { output: [ref('ok', 'by'), ref('s29')] }), { limits: { historyEvents: 60 } });
  let answered = false;
  kit.control.beforeRecord = async (call) => {
    if (call.runId !== run.runId || answered) return;
    answered = true;
    expect(await run.control({ kind: 'answer', step: 'ok', approved: true, by: 'ann', roles: [], note: null, at: 1 })).toEqual({ ok: true });
  };
  expect(await run.result()).toEqual(['ann', 30]);
  expect(answered).toBe(true);
  expect(run.steps().get('ok')?.status).toBe('done');
});

it('an answer is heard in a new execution that is paused, and the wait of which the data came is not forgotten', async () => {
  const gate: GateNode = { kind: 'gate', id: 'ok', ask: 'Go?', show: null, from: ['ann'], withinMs: 600_000, onTimeout: 'reject' };
  const file: WaitNode = { kind: 'wait', id: 'file', on: { path: 'file:///x' }, withinMs: 600_000 };
  const run = await kit.run(plan('pausedgate', [gate, file, ...chain(30).body.nodes], { output: [ref('ok', 'by'), ref('file'), ref('s29')] }), {
    limits: { historyEvents: 60 },
  });
  let paused = false;
  kit.control.beforeRecord = async (call) => {
    if (call.runId !== run.runId || paused) return;
    paused = true;
    expect(await run.control({ kind: 'pause', by: 'ann' })).toEqual({ ok: true });
  };
  await until(
    () => histories(run),
    (lengths) => lengths.length === 2,
  );
  const answer = { kind: 'answer', step: 'ok', approved: true, by: 'ann', roles: [], note: null, at: 1 } as const;
  expect(await run.control({ ...answer, by: 'bob' })).toMatchObject({ ok: false, code: 'HDL-FORBIDDEN' });
  expect(await run.control(answer)).toEqual({ ok: true });
  expect(await run.control(answer)).toMatchObject({ ok: false, code: 'HDL-NO-STEP' });
  await run.handle.signal(messages.satisfied, { step: 'file', value: 2 });
  expect(await run.control({ kind: 'resume', by: 'ann' })).toEqual({ ok: true });
  expect(await run.result()).toEqual(['ann', 2, 30]);
});

it('a failure before it is still a reason at the end', async () => {
  kit.on('bad', () => {
    throw new Error('early');
  });
  const run = await kit.run(plan('early', [step('bad'), step('after', { x: ref('bad') }), ...chain(30).body.nodes]), { limits: { historyEvents: 80 } });
  expect(await run.failure()).toBe('early failed: bad: Error: early');
  expect(run.steps().get('after')?.status).toBe('blocked');
  expect(run.steps().get('s29')?.status).toBe('done');
});

it('a chunk of a list map continues too', async () => {
  const items = kit.steps.items.list(
    Array.from({ length: 60 }, (_, i) => i),
    30,
  );
  const run = await kit.run(
    plan('chunked', [mapOf('each', items as unknown as Json, block([add('a', ref('$item0'))], ref('a')), { items: 'list', parallel: 6 })], {
      output: ref('each'),
    }),
    { limits: { historyEvents: 60 } },
  );
  expect(kit.steps.items.all((await run.result()) as never)).toEqual(Array.from({ length: 60 }, (_, i) => i + 1));
  expect(kit.steps.stepsOf(run.runId)).toHaveLength(60);
  expect([...run.steps().values()].filter(({ kind }) => kind === 'item')).toHaveLength(60);
});

it('a chunk with more than can be carried goes on where it is', async () => {
  kit.on('fat', () => 'x'.repeat(30_000));
  const items = kit.steps.items.list(
    Array.from({ length: 40 }, (_, i) => i),
    40,
  );
  const body = block([step('fat', { x: ref('$item0') }), step('n', { x: 1, fat: ref('fat') }, { task: 'add@1' })], ref('n'));
  const run = await kit.run(plan('fatchunk', [mapOf('each', items as unknown as Json, body, { items: 'list', parallel: 6 })], { output: ref('each') }), {
    limits: { historyEvents: 150 },
  });
  expect(kit.steps.items.all((await run.result()) as never)).toEqual(Array.from({ length: 40 }, () => 2));
  expect(kit.steps.stepsOf(run.runId)).toHaveLength(80);
});

it('a page of results above 1,900 KiB fails its chunk with HDL-OUTPUT-TOO-LARGE', async () => {
  kit.on('fat', () => 'x'.repeat(60_000));
  const items = kit.steps.items.list(
    Array.from({ length: 33 }, (_, i) => i),
    40,
  );
  const run = await kit.run(
    plan('fatpage', [mapOf('each', items as unknown as Json, block([step('fat', { x: ref('$item0') })], ref('fat')), { items: 'list', parallel: 30 })], {
      output: ref('each'),
    }),
  );
  expect(await run.failure()).toContain('each[0..32]: HDL-OUTPUT-TOO-LARGE: the results of each[0..32] have 19');
});

it('results above what can be carried come back from the catalog', async () => {
  kit.on('fat', () => 'x'.repeat(60_000));
  const fat = Array.from({ length: 30 }, (_, i) => step(`f${i}`, {}, { task: 'fat@1' }));
  // Each is needed to the end, so none can be left out.
  const last = step(
    'last',
    { n: { $op: ['all', ...fat.map(({ id }) => ({ $op: ['not', { $op: ['isNull', ref(id)] }] }))] } },
    { task: 'echo@1', after: ['s29'] },
  );
  const run = await kit.run(plan('fats', [...fat, ...chain(30).body.nodes, last], { output: ref('last', 'n') }), { limits: { historyEvents: 130 } });
  expect(await run.result()).toBe(true);
  expect(kit.steps.stepsOf(run.runId)).toHaveLength(61);
  expect((await histories(run)).length).toBeGreaterThanOrEqual(2);
});
