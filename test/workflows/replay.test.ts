/** Determinism: recorded histories replayed by the present interpreter, and runs whose workflow is never cached. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import proto from '@temporalio/proto'; // CommonJS: it has no named exports for Node
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { workflowBundle } from '../../workers/workflow-bundle.ts';
import { historyOf } from './history.ts';
import { Kit, quiet } from './kit.ts';
import { referenceRuns } from './reference-runs.ts';
import { forever } from './step-fakes.ts';

quiet();
const folder = fileURLToPath(new URL('../histories/', import.meta.url));
const recorded = readdirSync(folder).filter((file) => file.endsWith('.json'));

describe('recorded histories', () => {
  it('there are some', () => {
    expect(recorded.length).toBeGreaterThanOrEqual(referenceRuns.length);
  });
  it.each(recorded)('%s is replayed', async (file) => {
    const history = proto.temporal.api.history.v1.History.fromObject(JSON.parse(readFileSync(folder + file, 'utf8')) as object);
    // Ids of children begin with that of the workflow.
    const id = history.events[0]?.workflowExecutionStartedEventAttributes?.workflowId ?? file;
    await Worker.runReplayHistory({ workflowBundle: await workflowBundle(), replayName: file }, history, id);
  });
  it('one whose commands do not fit is refused', async () => {
    const text = readFileSync(`${folder}chain.json`, 'utf8').replaceAll('"name":"add"', '"name":"subtract"');
    const history = proto.temporal.api.history.v1.History.fromObject(JSON.parse(text) as object);
    await expect(Worker.runReplayHistory({ workflowBundle: await workflowBundle() }, history)).rejects.toThrow(/TMPRL1100|[Nn]ondetermini|does not match/);
  });
});

describe('without a cache, each workflow task replays from the start', () => {
  let kit: Kit;
  beforeAll(async () => {
    kit = await Kit.start({ maxCachedWorkflows: 0 });
    kit.on('hang', forever);
  });
  afterAll(() => kit.stop());

  it.each(referenceRuns.filter(({ name }) => name !== 'fan'))('$name', async (reference) => {
    const { run, result } = await reference.start(kit);
    const { events } = await historyOf(run.handle);
    expect(events.filter((event) => event.workflowTaskFailedEventAttributes)).toEqual([]);
    expect(result).toMatchSnapshot();
  });
});
