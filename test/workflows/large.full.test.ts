/** Large work on the real server: a 5,000-step irregular DAG and a map of 10,000 items, their histories small and quick to replay. */
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Expr, Json, TaskNode } from '../../dsl/plan/types.ts';
import { workflowBundle } from '../../workers/workflow-bundle.ts';
import { Kit, type Run } from './kit.ts';
import { block, mapOf, plan, ref, step } from './plans.ts';

let kit: Kit;
beforeAll(async () => {
  kit = await Kit.start();
  kit.on('add', ({ x }: { x: number }) => x + 1);
});
afterAll(() => kit.stop());

interface Execution {
  readonly workflowId: string;
  readonly runId: string;
  readonly events: number;
  readonly bytes: number;
}
async function executions(run: Run): Promise<Execution[]> {
  const found: Execution[] = [];
  for await (const info of kit.client.workflow.list({ query: `WorkflowId STARTS_WITH '${run.handle.workflowId}'` }))
    found.push({ workflowId: info.workflowId, runId: info.runId, events: info.historyLength, bytes: info.historySize ?? 0 });
  return found;
}
/** CPU time beside the time on the clock: other work on the machine does not count there. */
async function replay(execution: Execution): Promise<{ readonly ms: number; readonly cpuMs: number }> {
  const history = await kit.client.workflow.getHandle(execution.workflowId, execution.runId).fetchHistory();
  const started = Date.now();
  const before = process.cpuUsage();
  await Worker.runReplayHistory({ workflowBundle: await workflowBundle() }, history, execution.workflowId);
  const { user, system } = process.cpuUsage(before);
  return { ms: Date.now() - started, cpuMs: (user + system) / 1000 };
}

it('a 5,000-step irregular DAG: each step once, no history above 4,500 events or 2 MiB', async () => {
  // A fixed irregular shape: each step needs up to three of the 200 before it.
  let seed = 7;
  const random = (below: number): number => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return seed % below;
  };
  const nodes: TaskNode[] = [];
  for (let i = 0; i < 5000; i++) {
    const needs = i === 0 ? [] : Array.from({ length: 1 + random(3) }, () => Math.max(0, i - 1 - random(Math.min(i, 200))));
    const input: { [key: string]: Expr } = { x: i };
    needs.forEach((need, k) => {
      input[`need${k}`] = ref(`s${need}`);
    });
    nodes.push(step(`s${i}`, input, { task: 'add@1' }));
  }
  const run = await kit.run(plan('irregular', nodes, { output: ref('s4999') }));
  expect(await run.result()).toBe(5000);
  expect(kit.steps.stepsOf(run.runId)).toHaveLength(5000);
  expect(new Set(kit.steps.stepsOf(run.runId)).size).toBe(5000);
  expect(run.steps().size).toBe(5000);
  const all = await executions(run);
  process.stdout.write(`irregular: ${JSON.stringify(all.map(({ events, bytes }) => [events, bytes]))}\n`);
  for (const { events, bytes } of all) {
    expect(events).toBeLessThan(4500);
    expect(bytes).toBeLessThan(2 * 1024 * 1024);
  }
  const longest = all.reduce((a, b) => (b.events > a.events ? b : a));
  const { ms, cpuMs } = await replay(longest);
  process.stdout.write(`replay of ${longest.events} events: ${ms} ms, of CPU ${Math.round(cpuMs)} ms\n`);
}, 900_000);

it('a map of 10,000 items: every result in its place, the parent knows nothing of the items', async () => {
  const items = kit.steps.items.list(Array.from({ length: 10_000 }, (_, i) => i));
  const run = await kit.run(
    plan(
      'large',
      [mapOf('m', items as unknown as Json, block([step('a', { x: ref('$item0') }, { task: 'add@1' })], ref('a')), { items: 'list', parallel: 100 })],
      { output: ref('m') },
    ),
  );
  expect(kit.steps.items.all((await run.result()) as never)).toEqual(Array.from({ length: 10_000 }, (_, i) => i + 1));
  const all = await executions(run);
  process.stdout.write(`large: ${JSON.stringify(all.map(({ events, bytes }) => [events, bytes]))}\n`);
  expect(all).toHaveLength(21);
  for (const { events, bytes } of all) {
    expect(events).toBeLessThan(4500);
    expect(bytes).toBeLessThan(3 * 1024 * 1024);
  }
}, 900_000);
