/**
 * The interpreter of plans: one workflow function for every pipeline (workflow type = pipeline name). Loads what the run
 * needs, drives the scheduler core to its end, records it. Sandbox.
 */
import { ApplicationFailure, CancellationScope, CancelledFailure, continueAsNew, workflowInfo } from '@temporalio/workflow';
import type { Json, Skeleton } from '../dsl/plan/types.ts';
import type { RunFinal, RunInput, RunStatus } from '../dsl/contract/run.ts';
import { OUTPUT_BYTES, type StepFailure } from '../dsl/contract/step.ts';
import { roughBytes } from './scheduler/evaluate.ts';
import { createScheduler } from './scheduler/scheduler.ts';
import { beforeOf, type Carry } from './driver/carry.ts';
import { isContainer } from './driver/container-times.ts';
import { controlCall } from './driver/control-call.ts';
import { Details } from './driver/details.ts';
import { driveRecorded } from './driver/drive-recorded.ts';
import { Driver } from './driver/driver.ts';
import { failure } from './driver/failure-of.ts';
import { Mailbox } from './driver/messages-in.ts';
import { record } from './driver/records.ts';
import { contextOf } from './driver/run-context.ts';
import { showStatus } from './driver/search-attributes.ts';
import { allDone, ofMaps, Seeds } from './driver/seeds.ts';
import { sharedPlan } from './driver/shared-plans.ts';
import { utf8Bytes } from './driver/short-names.ts';

export async function runPipeline(input: RunInput): Promise<Json> {
  const mailbox = new Mailbox();
  mailbox.takeControl();
  const root = CancellationScope.current();
  // A cancel is a message to the core, not an error that ends what is under way.
  return CancellationScope.nonCancellable(() => interpret(input, mailbox, root));
}

async function interpret(input: RunInput, mailbox: Mailbox, root: CancellationScope): Promise<Json> {
  const carry = (input.carry ?? null) as unknown as Carry | null; // written by carryOf
  const skeleton = sharedPlan(input.planHash, input.skeleton ?? (await controlCall(input.project, 'heddle.load_plan', { planHash: input.planHash })));
  // The SDK keeps the arguments for as long as the run is open: the run's own copy would stay with them.
  if (input.skeleton) (input as { skeleton?: Skeleton }).skeleton = skeleton;
  const seeds = new Seeds(carry);
  const isRetry = !carry && input.retryOf !== undefined;
  if (isRetry || carry?.fromCatalog) await seeds.load(input.project, input.runId);
  const context = contextOf(input, skeleton, workflowInfo().workflowId, 'run');
  const core = createScheduler({
    skeleton,
    params: input.params,
    partition: input.partition,
    maxInFlight: context.limits.inFlight,
    ...(carry && beforeOf(carry)),
    seed: (step) => {
      // What the always block did in a try before it does again: it is told of another outcome.
      if (core.status !== 'running' && core.status !== 'paused') return undefined;
      // The catalog knows only leaves; a container put together from them is the same. Those that failed are carried.
      const fromLeaves = carry?.fromCatalog !== false && isContainer(core.step(step)?.kind ?? '');
      return seeds.get(step, (seed) => !fromLeaves || seed.status === 'failed');
    },
  });
  const details = new Details(carry?.hidden ?? {});
  let shown: RunStatus = carry?.paused ? 'paused' : 'running';
  const driver = new Driver({
    context,
    core,
    chunkSeed: (step, maps) =>
      seeds.get(step, (seed) => (carry !== null && seed.status === 'failed') || (ofMaps(seed, maps) && (carry !== null || allDone(seed)))),
    waits: carry?.waits ?? [],
    events: carry?.events ?? [],
    children: carry?.children ?? [],
    earlier: carry?.attempts ?? {},
    paused: carry?.paused ?? false,
    afterTurn: (now) => {
      details.show(now);
      if (now.status === shown || (now.status !== 'paused' && now.status !== 'running')) return;
      shown = now.status;
      showStatus(shown);
    },
  });
  mailbox.open(driver, carry?.hidden ?? {}, carry?.pruned ?? false);
  if (root.consideredCancelled) driver.cancel();
  else
    root.cancelRequested.catch(() => {
      driver.cancel();
    });

  const pages = { prefix: '', firstPage: carry?.nextPage ?? 0, known: seeds.used };
  const { next, nextPage } = await driveRecorded(driver, pages, carry, seeds);
  if (next) {
    const { carry: _old, skeleton: _skeleton, ...rest } = input;
    return continueAsNew<typeof runPipeline>({
      ...rest,
      planHash: context.planHash,
      // It would stand in the history twice, at the beginning and at the end: a large one is loaded instead.
      ...(input.skeleton && roughBytes(context.skeleton as unknown as Json) <= SKELETON_BYTES && { skeleton: context.skeleton }), // plain JSON
      carry: next as unknown as Json,
    });
  }
  const final = finalOf(driver);
  await record(driver, { ...pages, firstPage: nextPage, final });
  showStatus(final.status);
  return end(driver, final);
}

/** Estimated, of a skeleton that is handed on. */
const SKELETON_BYTES = 128 * 1024;

function finalOf(driver: Driver): RunFinal {
  const { final } = driver.core;
  const tooLarge = outputFailure(final.output);
  if (final.status === 'done' && tooLarge)
    return { status: 'failed', output: null, failures: [{ step: 'output', failure: tooLarge }], endedAt: Date.now(), abandoned: driver.journal.abandoned };
  return { ...final, endedAt: Date.now(), abandoned: driver.journal.abandoned };
}

function outputFailure(output: Json): StepFailure | null {
  const bytes = roughBytes(output) > OUTPUT_BYTES ? utf8Bytes(JSON.stringify(output)) : 0;
  if (bytes <= OUTPUT_BYTES) return null;
  return failure(
    'data',
    'HDL-OUTPUT-TOO-LARGE',
    `the pipeline gives ${bytes} bytes, and ${OUTPUT_BYTES} are allowed: give back what ctx.artifact or ctx.items wrote`,
  );
}

const REASONS = 20;

function end(driver: Driver, final: RunFinal): Json {
  if (final.status === 'done') return final.output;
  if (final.status === 'cancelled')
    throw new CancelledFailure(final.abandoned.length > 0 ? `cancelled; left behind: ${final.abandoned.join(', ')}` : 'cancelled');
  const lines = final.failures.slice(0, REASONS).map(({ step, failure: why }) => `${step}: ${why.code}: ${why.message}`);
  if (final.failures.length > REASONS) lines.push(`and ${final.failures.length - REASONS} more`);
  const message = `${driver.context.pipeline} failed: ${lines.join('\n')}`;
  // A calling pipeline reads the first detail as the failure of its step.
  const asStep: StepFailure = { class: final.failures[0]?.failure.class ?? 'user', code: 'HDL-RUN-FAILED', message };
  throw ApplicationFailure.create({ type: 'HDL-RUN-FAILED', nonRetryable: true, message, details: [asStep, final.failures] });
}
