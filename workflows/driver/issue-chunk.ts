/** A page of a list map as a child workflow, and the join of the result pages. Sandbox. */
import { executeChild, ParentClosePolicy, patched, scheduleActivity } from '@temporalio/workflow';
import type { MapNode, TaskRules } from '../../dsl/plan/types.ts';
import { queueOf, type ItemListHandle, type JoinItemsCall, type StepFailure } from '../../dsl/contract/step.ts';
import { roughBytes } from '../scheduler/evaluate.ts';
import type { Command, SchedulerEvent } from '../scheduler/messages.ts';
import { CHUNK_WORKFLOW, type ChunkInput, type ChunkOutput } from './chunk-contract.ts';
import { bodyTasks } from './body-tasks.ts';
import type { Driver } from './driver.ts';
import { failure } from './failure-of.ts';
import { BUILT_IN_HEARTBEAT_MS } from './issue-task.ts';
import type { StepLog } from './journal.ts';
import type { RunContext } from './run-context.ts';
import { partAttributes } from './search-attributes.ts';
import { shortId, summaryOf } from './short-names.ts';

type ChunkCommand = Extract<Command, { type: 'chunk' }>;
type ChunkDone = Extract<SchedulerEvent, { type: 'chunk-done' }>;

const CAPTURED_BYTES = 512 * 1024;

export function issueChunk(driver: Driver, command: ChunkCommand, log: StepLog): void {
  const { context: run } = driver;
  const { step } = command;
  if (driver.children.adopt(log)) return;
  const before = resultsFromBefore(driver, command);
  if (before?.status === 'failed') return driver.fail(log, before.failure);
  if (before) {
    driver.chunkResults.set(step, before.results);
    driver.settle(log, { type: 'chunk-done', step, results: before.results });
    return;
  }
  const queue = queueForItems(run, command.maps);
  if (queue === null) return driver.fail(log, noPool(step));
  if (roughBytes(command.roots) > CAPTURED_BYTES) {
    driver.fail(log, failure('data', 'HDL-INPUT-TOO-LARGE', `the values that the body of ${step} uses from outside are larger than ${CAPTURED_BYTES} bytes`));
    return;
  }
  const input: ChunkInput = {
    project: run.project,
    runId: run.runId,
    pipeline: run.pipeline,
    planHash: run.planHash,
    tasks: bodyTasks(command.maps, run.skeleton),
    calls: run.skeleton.calls,
    partition: run.partition,
    step,
    maps: command.maps,
    list: command.list,
    page: command.page,
    firstIndex: command.firstIndex,
    parallel: command.parallel,
    roots: command.roots,
    queue,
    limits: run.givenLimits,
    ...(Object.keys(run.marks).length > 0 && { marks: run.marks }),
  };
  if (patched('heddle-long-chunks')) return driver.children.start<ChunkInput>(log, CHUNK_WORKFLOW, input);
  executeChild<(input: ChunkInput) => Promise<ChunkOutput>>(CHUNK_WORKFLOW, {
    workflowId: shortId(`${run.workflowId}/${step}`),
    args: [input],
    parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
    typedSearchAttributes: partAttributes(run),
    staticSummary: summaryOf(step),
  }).then(
    ({ results }) => {
      driver.chunkResults.set(step, results);
      driver.settle(log, { type: 'chunk-done', step, results });
    },
    (error: unknown) => {
      driver.failWith(log, error);
    },
  );
}

/** Of a chunk that has ended: in this workflow, before it moved to a newer plan, or in one before it. */
function resultsFromBefore(
  driver: Driver,
  { step, maps }: ChunkCommand,
): { readonly status: 'done'; readonly results: ChunkDone['results'] } | { readonly status: 'failed'; readonly failure: StepFailure } | null {
  const own = driver.chunkResults.get(step);
  if (own?.length === maps.length) return { status: 'done', results: own };
  const seeded = driver.chunkSeed(step, maps.length);
  if (seeded?.status === 'failed') return seeded;
  return seeded?.status === 'done' ? { status: 'done', results: seeded.output as unknown as ChunkDone['results'] } : null; // recorded by this file as the step's output
}

export function issueJoin(driver: Driver, command: Extract<Command, { type: 'join' }>, log: StepLog): void {
  const { context: run } = driver;
  const rules = command.task === null ? undefined : run.skeleton.tasks[command.task];
  const queue = rules && rules.pool !== 'heddle' ? queueOf(run.project, rules.pool, rules.class, run.marks.lane) : anyQueue(run);
  if (queue === null) return driver.fail(log, noPool(log.step));
  const call: JoinItemsCall = { project: run.project, runId: run.runId, step: command.step, pages: command.pages };
  const joined: Promise<ItemListHandle> = scheduleActivity('heddle.join_items', [call], {
    ...ITEMS,
    taskQueue: queue,
    activityId: shortId(command.step),
    summary: `join ${command.pages.length} pages`,
  });
  joined.then(
    (list) => {
      driver.settle(log, { type: 'done', step: log.step, output: list as unknown as ChunkInput['roots'] }); // a handle is plain JSON
    },
    (error: unknown) => {
      driver.failWith(log, error);
    },
  );
}

/** How activities that read and write item pages run. */
export const ITEMS = {
  startToCloseTimeout: 300_000,
  heartbeatTimeout: BUILT_IN_HEARTBEAT_MS,
  retry: { initialInterval: 1000, maximumInterval: 60_000, maximumAttempts: 20 },
} as const;

/** Pages are read where the body's first task runs: those workers reach the store. */
function queueForItems(run: RunContext, maps: readonly MapNode[]): string | null {
  const first = Object.values(bodyTasks(maps, run.skeleton)).find((rules) => rules.pool !== 'heddle');
  return first ? queueOf(run.project, first.pool, first.class, run.marks.lane) : anyQueue(run);
}
function anyQueue(run: RunContext): string | null {
  const rules: TaskRules | undefined = Object.values(run.skeleton.tasks).find(({ pool }) => pool !== 'heddle');
  return rules ? queueOf(run.project, rules.pool, rules.class, run.marks.lane) : null;
}
const noPool = (step: string) => failure('user', 'HDL-NO-ITEMS-POOL', `no task of the pipeline runs on a pool, so no worker can read the items of ${step}`);
