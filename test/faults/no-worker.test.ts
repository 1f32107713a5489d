/** A task version that no worker has: its step waits, says for what, is charged nothing, and goes on when such a worker comes. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Explanation } from '../../dsl/contract/api.ts';
import { startSystem, type System } from '../chaos/system.ts';
import { until } from '../chaos/until.ts';

/** One attempt in all: a charged wait would have failed the step. */
const pipelineFile = (version: string): string => `import { pipeline, task, z } from 'heddle';
export const first = task({ name: 'n.first', version: '1', output: z.string(), async run() { return 'first'; } });
export const second = task({ name: 'n.second', version: '${version}', retry: { attempts: 1 }, input: z.object({ of: z.string() }), output: z.string(), async run({ of }) { return of + ' ${version}'; } });
export const waits = pipeline({ name: 'n.waits' }, () => second({ of: first({}, { id: 'first' }) }, { id: 'second' }));
`;

let system: System;
beforeAll(async () => {
  system = await startSystem({ files: { 'pipelines/waits.ts': pipelineFile('1') } });
}, 300_000);
afterAll(() => system?.stop());

it('a step whose task version no worker has waits, is explained, and goes on uncharged when one comes', async () => {
  system.write('pipelines/waits.ts', pipelineFile('2')); // the worker has loaded version 1
  const runId = await system.run('n.waits');
  const waited = await until('the step that waits', async () => {
    const { code, stdout } = await system.heddle('explain', runId, 'second', '--json');
    if (code !== 0) return null;
    const explanation = JSON.parse(stdout) as Explanation;
    return explanation.status === 'waiting' && explanation.because.some((reason) => reason.includes('no worker')) && explanation;
  });
  expect(waited.because.join('\n')).toContain('no worker in pool "default" has n.second version 2');
  expect(waited.place).toMatch(/pipelines\/waits\.ts:\d+/);
  const { stdout } = await system.heddle('show', runId);
  expect(stdout).toMatch(/^second +waiting +no worker in pool "default" has n\.second version 2/m);
  // it comes again and again, and each time is refused without a charge
  await until('a second refusal', async () => {
    const { workflowId } = (await system.look(runId)) ?? {};
    return workflowId !== undefined && (await refusals(workflowId)) >= 2;
  });

  await system.worker.stop();
  await system.worker.start();
  const run = await system.ended(runId);
  expect(run, JSON.stringify(run.failures)).toMatchObject({ status: 'done', output: 'first 2', failures: [] });
  expect(run.steps.find(({ step }) => step === 'second')).toMatchObject({ status: 'done', version: '2' });
}, 300_000);

/** Attempts of the pending activity, as Temporal counts them. */
async function refusals(workflowId: string): Promise<number> {
  const { Client, Connection } = await import('@temporalio/client');
  const connection = await Connection.connect({ address: system.temporal.address });
  try {
    const { raw } = await new Client({ connection }).workflow.getHandle(workflowId).describe();
    return (raw.pendingActivities?.[0]?.attempt ?? 1) - 1;
  } finally {
    await connection.close();
  }
}
