/**
 * A page of a map over an item list, as a workflow of its own: reads its items, runs the map and those fused behind it, writes
 * one page of results a map. Workflow type 'heddle.map'. Sandbox.
 */
import { ApplicationFailure, CancellationScope, CancelledFailure, continueAsNew, scheduleActivity, TemporalFailure, workflowInfo } from '@temporalio/workflow';
import type { Block, Json, MapNode, Skeleton } from '../dsl/plan/types.ts';
import { type ReadItemsCall, type ReadItemsResult, type WriteItemsCall, type StepFailure, type WriteItemsResult } from '../dsl/contract/step.ts';
import { roughBytes } from './scheduler/evaluate.ts';
import { createScheduler } from './scheduler/scheduler.ts';
import { beforeOf, type Carry } from './driver/carry.ts';
import type { ChunkInput, ChunkOutput } from './driver/chunk-contract.ts';
import { Details } from './driver/details.ts';
import { driveRecorded } from './driver/drive-recorded.ts';
import { Driver } from './driver/driver.ts';
import { failure, failureOf } from './driver/failure-of.ts';
import { ITEMS } from './driver/issue-chunk.ts';
import { Mailbox } from './driver/messages-in.ts';
import { record } from './driver/records.ts';
import { report } from './driver/report.ts';
import { limitsOf } from './driver/run-context.ts';
import { ofMaps, Seeds } from './driver/seeds.ts';
import { shortId, utf8Bytes } from './driver/short-names.ts';

export async function runChunk(input: ChunkInput): Promise<ChunkOutput> {
  const mailbox = new Mailbox();
  const root = CancellationScope.current();
  mailbox.takeAnswers();
  return CancellationScope.nonCancellable(async () => {
    try {
      const output = await interpret(input, mailbox, root);
      await report(input.reportTo, input.step, { type: 'chunk-done', results: output.results });
      return output;
    } catch (error) {
      if (!(error instanceof TemporalFailure)) throw error; // it continues as new, or a mistake of ours fails the workflow task
      const why = failureOf(error);
      await report(input.reportTo, input.step, why ? { type: 'failed', failure: why } : { type: 'cancelled', abandoned: false });
      throw error;
    }
  });
}

async function interpret(input: ChunkInput, mailbox: Mailbox, root: CancellationScope): Promise<ChunkOutput> {
  const carry = (input.carry ?? null) as unknown as Carry | null; // written by carryOf
  const items = await readItems(input);
  if (root.consideredCancelled) throw new CancelledFailure('cancelled');
  const prefix = prefixOf(input);
  const skeleton = skeletonOf(input, items);
  const seeds = new Seeds(carry);
  const core = createScheduler({
    skeleton,
    params: input.roots['$params'] ?? null,
    partition: input.partition,
    roots: input.roots,
    pathPrefix: prefix,
    indexOffset: input.firstIndex,
    maxInFlight: input.parallel,
    ...(carry && beforeOf(carry)),
    seed: (step) => seeds.get(step),
  });
  const details = new Details(carry?.hidden ?? {});
  const driver = new Driver({
    context: {
      project: input.project,
      runId: input.runId,
      pipeline: input.pipeline,
      partition: input.partition,
      backfill: null,
      marks: input.marks ?? {},
      workflowId: workflowInfo().workflowId,
      limits: limitsOf(input.limits),
      givenLimits: input.limits,
      role: 'chunk',
      planHash: input.planHash,
      skeleton,
    },
    core,
    chunkSeed: (step, maps) => seeds.get(step, (seed) => seed.status === 'failed' || ofMaps(seed, maps)),
    waits: carry?.waits ?? [],
    events: carry?.events ?? [],
    children: carry?.children ?? [],
    earlier: carry?.attempts ?? {},
    paused: carry?.paused ?? false,
    afterTurn: (now) => {
      details.show(now);
    },
  });
  mailbox.open(driver, carry?.hidden ?? {}, true);
  root.cancelRequested.catch(() => {
    driver.cancel();
  });

  const pages = { prefix: `${input.step}/`, firstPage: carry?.nextPage ?? 0, known: seeds.used };
  const { next, nextPage } = await driveRecorded(driver, pages, carry, seeds);
  if (next) return continueAsNew<typeof runChunk>({ ...input, carry: next as unknown as Json });
  const results = core.status === 'cancelled' ? [] : await writeResults(input, driver, prefix);
  await record(driver, { ...pages, firstPage: nextPage });
  if (core.status === 'cancelled') throw new CancelledFailure('cancelled');
  return { results };
}

/** 'outer[2].' of 'outer[2].scores[0..499]'. */
function prefixOf({ step, maps, firstIndex, list, page }: ChunkInput): string {
  const last = Math.min((page + 1) * list.pageSize, list.count) - 1;
  return step.slice(0, step.length - `${maps[0]?.id ?? ''}[${firstIndex}..${last}]`.length);
}

/** The maps as maps over this page's items. More failures than the whole map bears end the chunk early. */
function skeletonOf(input: ChunkInput, items: readonly Json[]): Skeleton {
  const nodes = input.maps.map((map, i): MapNode => {
    const { fuse: _fuse, after: _after, tolerate, ...rest } = map;
    const before = input.maps[i - 1]?.id;
    const bears = !tolerate ? 0 : 'count' in tolerate ? tolerate.count : Math.floor(tolerate.share * input.list.count + 1e-9);
    return {
      ...rest,
      over: before === undefined ? { $lit: items } : { $ref: [before] },
      items: 'array',
      parallel: input.parallel,
      tolerate: { count: bears },
      ...(before !== undefined && { fuse: before }),
    };
  });
  const body: Block = { nodes, output: null };
  return { format: 1, name: input.pipeline, onFailure: 'fail', dimensions: [], tasks: input.tasks, body, always: null, calls: input.calls };
}

async function readItems({ project, list, page, queue }: ChunkInput): Promise<readonly Json[]> {
  const call: ReadItemsCall = { project, list, page };
  try {
    const { items }: ReadItemsResult = await scheduleActivity('heddle.read_items', [call], {
      ...ITEMS,
      taskQueue: queue,
      activityId: 'read',
      summary: `items from ${page * list.pageSize}`,
    });
    return items;
  } catch (error) {
    throw asFailure(error);
  }
}

async function writeResults(input: ChunkInput, driver: Driver, prefix: string): Promise<ChunkOutput['results']> {
  const results: ChunkOutput['results'][number][] = [];
  for (const map of input.maps) {
    const step = prefix + map.id;
    const { failed, first } = driver.core.failedItems(step);
    const state = driver.core.step(step);
    if (state?.status !== 'done') {
      results.push({ uri: '', count: 0, failed, firstFailure: first });
      continue;
    }
    const bytes = roughBytes(state.output) > PAGE_BYTES ? utf8Bytes(JSON.stringify(state.output)) : 0;
    if (bytes > PAGE_BYTES)
      throw asApplicationFailure(
        failure(
          'data',
          'HDL-OUTPUT-TOO-LARGE',
          `the results of ${input.step} have ${bytes} bytes, and a page may have ${PAGE_BYTES}: let the body give less, or an artifact`,
        ),
      );
    const call: WriteItemsCall = { project: input.project, runId: input.runId, step, page: input.page, items: state.output as readonly Json[] }; // a map gives a list
    try {
      const written: WriteItemsResult = await scheduleActivity('heddle.write_items', [call], {
        ...ITEMS,
        taskQueue: input.queue,
        activityId: shortId(`write:${map.id}`),
        summary: `${call.items.length} results`,
      });
      results.push({ ...written, failed, firstFailure: first });
    } catch (error) {
      throw asFailure(error);
    }
  }
  return results;
}

function asFailure(error: unknown): Error {
  return asApplicationFailure(failureOf(error) ?? failure('platform', 'HDL-STEP-CANCELLED', 'its pages could not be read or written: cancelled'));
}
const asApplicationFailure = (why: StepFailure): Error =>
  ApplicationFailure.create({ type: why.class, nonRetryable: true, message: why.message, details: [why] });

/** Of one page as a payload: Temporal takes 2 MiB. */
const PAGE_BYTES = 1900 * 1024;
