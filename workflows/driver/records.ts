/** The exact history of the steps of this workflow, in pages for heddle.record. Sandbox. */
import { log as logger } from '@temporalio/workflow';
import type { RunFinal, StepRecord } from '../../dsl/contract/run.ts';
import type { AttemptMeta } from '../../dsl/contract/step.ts';
import type { Json } from '../../dsl/plan/types.ts';
import { roughBytes } from '../scheduler/evaluate.ts';
import type { StepState } from '../scheduler/messages.ts';
import { containerTimes, isContainer, type Times } from './container-times.ts';
import { controlCall } from './control-call.ts';
import type { Driver } from './driver.ts';
import type { StepLog } from './journal.ts';
import { isOver, liveStep } from './live-state.ts';
import { nameAndVersion, shortId } from './short-names.ts';

const PAGE_STEPS = 500;
const PAGE_BYTES = 512 * 1024;

export interface RecordOptions {
  /** Begins the page's name: '' for the run itself, the step path for a chunk. */
  readonly prefix: string;
  readonly firstPage: number;
  /** Steps that are recorded; those written now are added. */
  readonly known: Set<string>;
  readonly final?: RunFinal;
}

/** The steps of a run that has ended, all at once. */
export function recordsOf(driver: Driver): StepRecord[] {
  const times = containerTimes(driver);
  return [...driver.core.steps()].map((state) => recordOf(driver, state, times)).filter((row) => isOver(row.status));
}

/** Writes them; gives the number of the next page. A record that the server refuses is logged and ends nothing. */
export async function record(driver: Driver, options: RecordOptions): Promise<number> {
  const { project, runId } = driver.context;
  const times = containerTimes(driver);
  let page = options.firstPage;
  let steps: StepRecord[] = [];
  let bytes = 0;
  const write = async (final?: RunFinal): Promise<void> => {
    const name = `${options.prefix}${page++}`;
    const id = { activityId: shortId(`record:${name}`), summary: final ? 'the end of the run' : `${steps.length} steps` };
    try {
      await controlCall(project, 'heddle.record', { project, runId, page: name, steps, ...(final && { final }) }, id);
    } catch (error) {
      logger.error('a page of the record was refused', { page: name, error });
    }
    steps = [];
    bytes = 0;
  };
  // Taken at once: steps that end while a page is being written belong to the next time.
  for (const state of [...driver.core.steps()]) {
    if (options.known.has(state.step)) continue;
    const row = recordOf(driver, state, times);
    if (!isOver(row.status)) continue;
    options.known.add(state.step);
    steps.push(row);
    bytes += 400 + roughBytes(row.output) + (row.failure?.message.length ?? 0);
    if (steps.length >= PAGE_STEPS || bytes >= PAGE_BYTES) await write();
  }
  if (options.final || steps.length > 0) await write(options.final);
  return page;
}

function recordOf(driver: Driver, state: StepState, times: ReadonlyMap<string, Times>): StepRecord {
  const row = liveStep(driver, state, times);
  const log = driver.journal.logs.get(state.step);
  const waited = state.kind === 'gate' || state.kind === 'wait';
  return {
    ...row,
    // Items of a chunk are told apart: a retry takes whole chunks over, not their items.
    kind: driver.context.role === 'chunk' && !isContainer(state.kind) ? 'item' : state.kind,
    version: state.task === null ? null : nameAndVersion(state.task)[1],
    worker: log?.meta?.worker ?? null,
    runMs: log?.meta?.ms ?? null,
    waitMs: waited && log?.endedAt ? log.endedAt - log.queuedAt : 0,
    output: outputOf(driver, state),
    meta: log?.meta ?? metaOfNull(log, state),
  };
}

/**
 * Of a notification, a called workflow, a wait... that ended with null: a retry takes it over. Without a meta it would count as one
 * whose output was lost (catalog/steps.ts, listDone).
 */
function metaOfNull(log: StepLog | undefined, state: StepState): AttemptMeta | null {
  if (state.status !== 'done' || state.output !== null || isContainer(state.kind) || log?.endedAt === undefined || log.endedAt === null) return null;
  return { startedAt: log.queuedAt, attempt: 1, worker: 'heddle', ms: log.endedAt - log.queuedAt };
}

/** What a map, branch or loop gives is made of the outputs inside of it, and is not written twice. */
function outputOf(driver: Driver, state: StepState): Json {
  if (isContainer(state.kind)) return null;
  if (state.kind === 'chunk') return (driver.chunkResults.get(state.step) ?? null) as Json; // plain JSON
  return state.status === 'done' ? state.output : null;
}
