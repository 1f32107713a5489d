/** What a cancel leaves of a run that has a running step, a running program, a staged partition and an open gate: nothing. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection, type WorkflowExecutionInfo } from '@temporalio/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePort } from '../../scripts/temporal-server.mjs';
import { stagingsIn } from '../chaos/days-run.ts';
import { alive } from '../chaos/processes.ts';
import { linesOf, startSystem, type System } from '../chaos/system.ts';
import { until } from '../chaos/until.ts';

/** The program starts another, so that a whole family is there to be ended; each is known by its number. */
const program =
  "const { spawn } = require('node:child_process'); const other = spawn('sleep', ['600']); require('node:fs').writeFileSync(process.argv[1], process.pid + ' ' + other.pid);";

const pipelineFile = (folder: string): string => `import { always, approval, command, daily, dataset, pipeline, task, z } from 'heddle';
import { appendFileSync } from 'node:fs';

const note = (text: string): void => { appendFileSync(${JSON.stringify(join(folder, 'notes'))}, text + '\\n'); };
const Day = daily({ start: '2001-01-01' });
const Rows = dataset('c.rows', { uri: 'store://c/rows', partitions: Day, schema: z.object({ id: z.int() }) });
const Late = dataset('c.late', { uri: 'store://c/late', partitions: Day, schema: z.object({ id: z.int() }) });

const untilTold = (signal: AbortSignal): Promise<never> => new Promise((_, reject) => { signal.addEventListener('abort', () => { reject(new Error('told')); }); });
export const stages = task({ name: 'c.stages', version: '1', output: Rows.slice, async run(_, ctx) {
  const slice = await ctx.write(Rows, [{ id: 1 }]);
  note('staged');
  await untilTold(ctx.signal as AbortSignal).catch(() => { note('told'); });
  ctx.signal.throwIfAborted();
  return slice;
} });
/** Fails after it has staged, for good. */
export const spoils = task({ name: 'c.spoils', version: '1', retry: { attempts: 1 }, output: Late.slice, async run(_, ctx) { await ctx.write(Late, [{ id: 1 }]); throw new Error('spoilt'); } });
export const runs = command({ name: 'c.runs', version: '1', argv: [${JSON.stringify(process.execPath)}, '-e', ${JSON.stringify(program)}, ${JSON.stringify(join(folder, 'pids'))}] });
export const tidy = task({ name: 'c.tidy', version: '1', input: z.object({ status: z.string() }), output: z.null(), async run({ status }) { note('always ' + status); return null; } });
export const after = task({ name: 'c.after', version: '1', input: z.object({ yes: z.boolean() }), output: z.null(), async run() { note('after'); return null; } });

export const held = pipeline({ name: 'c.held', partitions: Day }, ({ partition }) => {
  always((outcome) => { tidy({ status: outcome.status }, { id: 'tidy' }); });
  stages({ into: partition }, { id: 'stages' });
  spoils({ into: partition }, { id: 'spoils' });
  runs({}, { id: 'runs' });
  const answer = approval({ ask: 'Go on?', from: ['nobody'], within: '1h', onTimeout: 'reject', id: 'gate' });
  after({ yes: answer.approved }, { id: 'after' });
});
`;

let system: System;
let metrics: string;
beforeAll(async () => {
  const port = await freePort();
  metrics = `http://127.0.0.1:${port}/metrics`;
  system = await startSystem({ files: {}, worker: false, workerEnv: { HEDDLE_WORKER_METRICS_PORT: String(port) } });
  system.write('pipelines/held.ts', pipelineFile(system.folder));
  await system.worker.start();
}, 300_000);
afterAll(() => system?.stop());

/** Sum of a gauge over its labels. */
const gauge = async (name: string): Promise<number> =>
  (await (await fetch(metrics)).text())
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`))
    .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);

it('a cancelled run leaves no workflow, no activity, no staging and no process, and its always block ran once', async () => {
  const runId = await system.run('c.held', '--partition', '2001-03-01');
  const notes = (): string[] => linesOf(join(system.folder, 'notes'));
  await until('the step, the program and the gate', async () => {
    const run = await system.look(runId);
    const statusOf = (step: string): string | undefined => run?.steps.find((found) => found.step === step)?.status;
    return (
      notes().includes('staged') &&
      existsSync(join(system.folder, 'pids')) &&
      readFileSync(join(system.folder, 'pids'), 'utf8').includes(' ') &&
      statusOf('gate') === 'waiting' &&
      statusOf('spoils') === 'failed'
    );
  });
  const pids = readFileSync(join(system.folder, 'pids'), 'utf8').split(' ').map(Number);
  expect(pids.map(alive)).toEqual([true, true]);
  expect(await gauge('heddle_steps_running')).toBe(2);
  expect(stagingsIn(join(system.store, 'c', 'rows'), runId)).toEqual(['stages']);

  const { code, stdout } = await system.heddle('cancel', runId, '--reason', 'a test', '--wait', '--json');
  expect({ code, status: (JSON.parse(stdout) as { status: string }).status }).toEqual({ code: 0, status: 'cancelled' });

  const connection = await Connection.connect({ address: system.temporal.address });
  try {
    const { workflow } = new Client({ connection });
    const ofRun = await until('the run in the list of workflows, closed', async () => {
      const found: WorkflowExecutionInfo[] = [];
      for await (const info of workflow.list({ query: `HeddleRunId = '${runId}'` })) found.push(info);
      return found.length > 0 && found.every(({ status }) => status.name !== 'RUNNING') && found;
    });
    for (const { workflowId } of ofRun) expect((await workflow.getHandle(workflowId).describe()).raw.pendingActivities ?? []).toEqual([]);
  } finally {
    await connection.close();
  }
  expect(await gauge('heddle_steps_running')).toBe(0);
  expect(notes()).toContain('told');
  for (const dataset of ['rows', 'late']) expect(stagingsIn(join(system.store, 'c', dataset), runId), dataset).toEqual([]);
  expect(existsSync(join(system.store, 'c', 'rows', 'day=2001-03-01'))).toBe(false);
  await until('the end of the program and its child', () => !pids.some(alive), 20_000);
  expect(notes().filter((line) => line.startsWith('always') || line === 'after')).toEqual(['always cancelled']);
  const run = await system.look(runId);
  expect(Object.fromEntries(run?.steps.map(({ step, status }) => [step, status]) ?? [])).toEqual({
    stages: 'cancelled',
    spoils: 'failed',
    runs: 'cancelled',
    gate: 'cancelled',
    after: 'cancelled',
    'always.tidy': 'done',
  });
}, 300_000);

it('a run that is cancelled by force leaves no staging folder', async () => {
  rmSync(join(system.folder, 'pids'), { force: true });
  const runId = await system.run('c.held', '--partition', '2001-03-02');
  const rows = join(system.store, 'c', 'rows');
  await until('the staging folder', () => stagingsIn(rows, runId).length > 0);
  expect((await system.heddle('cancel', runId, '--force')).code).toBe(0);
  expect((await system.look(runId))?.status).toBe('cancelled');
  for (const dataset of ['rows', 'late']) expect(stagingsIn(join(system.store, 'c', dataset), runId), dataset).toEqual([]);
  // the program was told by the worker, which learned of it with its heartbeat
  const pids = (): number[] => (existsSync(join(system.folder, 'pids')) ? readFileSync(join(system.folder, 'pids'), 'utf8').split(' ').map(Number) : []);
  await until('the end of the program and its child', () => !pids().some(alive), 40_000);
}, 300_000);
