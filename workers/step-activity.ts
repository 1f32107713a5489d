/**
 * One attempt of a step as a Temporal activity: heartbeats, cancels, the budget of attempts, the shape of failures. What the
 * step itself does is in activities/step. Workers only.
 */
import { CancelledFailure, Context, type Info } from '@temporalio/activity';
import { openAttemptLog } from '../activities/step/attempt-log.ts';
import { runBatch } from '../activities/step/run-batch.ts';
import { runStep } from '../activities/step/run-step.ts';
import { StepCancelled, StepError, StepInterrupted } from '../activities/step/step-error.ts';
import { logUri } from '../activities/step/step-folder.ts';
import { attemptFile } from '../storage/attempt-file.ts';
import { stepFolder } from '../storage/step-folder.ts';
import type { HeartbeatDetails, StepHost } from '../activities/step/step-host.ts';
import { attemptNumber, GATE_MS, type Lane, type StepCall, type StepFailure, type StepResult } from '../dsl/contract/step.ts';
import type { Json } from '../dsl/plan/types.ts';
import { join } from 'node:path';
import { applicationFailure } from './application-failure.ts';
import { spanOfAttempt, traceparentOf } from './attempt-span.ts';
import { budgetUsedUp, isFinal, noTaskDelayMs, type AttemptCount } from './attempt-budget.ts';
import { lostNotes } from './lost-attempts.ts';
import { lostFailure } from './lost-failure.ts';
import { laneClass } from './slot-supplier.ts';
import { trackerOf } from './step-tracking.ts';
import { noteRunning } from './running-notes.ts';
import { runIsolated } from './isolated-step.ts';
import { BATCH_MS } from './push.ts';
import type { RunningStep } from './running-steps.ts';
import type { WorkerParts } from './worker-parts.ts';

const BEAT_MS = 5_000;
/** A step that found no room in the shared budget comes back about when a poll for its class would. */
const NO_ROOM_DELAY_MS = 1_000;
/** Above 0, which Temporal takes for "never". */
const DRAINED_DELAY_MS = 100;

export async function stepActivity(parts: WorkerParts, { klass, lane }: { readonly klass: string; readonly lane: Lane }, call: StepCall): Promise<StepResult> {
  const context = Context.current();
  const { info } = context;
  const last = info.heartbeatDetails as HeartbeatDetails | undefined; // written by this function, by whichever worker
  let startedAt = Date.now();
  let uncharged = last?.uncharged ?? 0;
  let cursor: Json | null = last?.cursor ?? null;
  const beat = (): void => {
    context.heartbeat({ uncharged, startedAt, worker: parts.worker, ...(cursor !== null && { cursor }) } satisfies HeartbeatDetails);
  };
  /** Fails so that this attempt is charged to nobody. The count travels in the heartbeat. */
  const giveBack = (failure: StepFailure, delayMs: number): never => {
    uncharged++;
    beat();
    throw applicationFailure(failure, { final: false, delayMs });
  };

  if (!parts.tasks.has(`${call.task}@${call.version}`)) {
    parts.push.push({ kind: 'no-task', ...stepOf(call), task: call.task, version: call.version, pool: parts.pool, at: startedAt });
    return giveBack(
      { class: 'platform', code: 'HDL-NO-TASK', message: `HDL-NO-TASK: no worker in pool "${parts.pool}" has ${call.task} version ${call.version}` },
      noTaskDelayMs(uncharged),
    );
  }
  const gate = parts.gates.get(klass);
  const noRoom = (): never =>
    giveBack(
      { class: 'capacity', code: 'HDL-NO-ROOM', message: `HDL-NO-ROOM: worker ${parts.worker} had no room for class "${klass}" at this moment` },
      NO_ROOM_DELAY_MS,
    );
  if (gate) {
    const entered = gate.enter(lane, Math.min(GATE_MS, call.heartbeatMs / 2), context.cancellationSignal);
    if (entered !== true) {
      if (!(await entered)) return noRoom();
      startedAt = Date.now();
    }
  }
  if (parts.budget && !parts.budget.enter(laneClass(klass, lane))) {
    gate?.leave(lane);
    return noRoom();
  }

  const beating = setInterval(beat, Math.min(BEAT_MS, call.heartbeatMs / 3));
  const running = runningStep(call, info);
  let forget: () => void = () => undefined;
  const announce = setTimeout(() => {
    forget = noteRunning(parts.config.stateFolder, parts.worker, running);
    for (const one of call.batch ?? [call])
      parts.push.push({ kind: 'started', ...stepOf(one), attempt: attemptNumber(one, info.attempt), worker: parts.worker, at: startedAt });
  }, BATCH_MS);
  parts.metrics.running.inc({ class: klass });
  parts.metrics.queueSeconds.observe({ class: klass }, Math.max(0, startedAt - info.currentAttemptScheduledTimestampMs) / 1000);
  let status = 'failed';
  let problem: StepFailure | undefined;
  try {
    // notes about attempts that a blocked loop took down
    const notes = info.attempt > 1 ? await lostNotes(parts.storage.files, running) : [];
    const count: AttemptCount = { attempt: info.attempt, uncharged: uncharged + notes.filter(({ culprit }) => !culprit).length, budget: call.attempts };
    if (budgetUsedUp(count)) throw failed(parts, call, info, lostFailure(call, info, last, notes), true);
    const hostFor = (one: StepCall): StepHost =>
      hostOf(parts, one, running, context, {
        lastCursor: call.batch ? null : cursor,
        beat: (next) => {
          if (!call.batch) cursor = next; // of many there is no cursor
          beat();
        },
      });
    const host = hostFor(call);
    const task = host.task(call.task, call.version);
    try {
      const isolated = call.isolate === true && !task?.command;
      const result = call.batch
        ? await batchResult(parts, call.batch, info, hostFor)
        : isolated
          ? await runIsolated(parts, call, host)
          : await runStep(call, host);
      status = 'done';
      return result;
    } catch (error) {
      if (error instanceof StepInterrupted)
        return giveBack(
          { class: 'platform', code: 'HDL-WORKER-LOST', message: `HDL-WORKER-LOST: worker ${parts.worker} shut down before step ${call.step} had ended` },
          DRAINED_DELAY_MS,
        );
      if (error instanceof StepCancelled) {
        status = 'cancelled';
        throw new CancelledFailure(error.message);
      }
      if (error instanceof StepError) problem = error.failure;
      if (error instanceof StepError) throw failed(parts, call, info, error.failure, isFinal(count, error.failure.class));
      throw error;
    }
  } finally {
    clearInterval(beating);
    clearTimeout(announce);
    forget();
    parts.budget?.leave(laneClass(klass, lane));
    gate?.leave(lane);
    parts.metrics.running.dec({ class: klass });
    parts.metrics.runSeconds.observe({ task: call.task, status }, (Date.now() - startedAt) / 1000);
    parts.traces?.add(
      spanOfAttempt({
        call,
        attempt: info.attempt,
        worker: parts.worker,
        klass,
        scheduledAt: info.currentAttemptScheduledTimestampMs,
        startedAt,
        status,
        failure: problem && `${problem.class} ${problem.code}`,
      }),
    );
  }
}

/** Many runs' step in one attempt, which ends well whatever becomes of each. */
async function batchResult(parts: WorkerParts, calls: readonly StepCall[], info: Info, hostFor: (call: StepCall) => StepHost): Promise<StepResult> {
  const startedAt = Date.now();
  const batch = await runBatch(calls, hostFor);
  for (const [i, end] of batch.entries()) if ('failure' in end) noteFailure(parts, calls[i] as StepCall, info, end.failure); // one for each
  return { output: null, meta: { startedAt, attempt: info.attempt, worker: parts.worker, ms: Date.now() - startedAt }, batch };
}

function failed(parts: WorkerParts, call: StepCall, info: Info, failure: StepFailure, final: boolean): Error {
  noteFailure(parts, call, info, failure);
  return applicationFailure(failure, { final });
}

function noteFailure(parts: WorkerParts, call: StepCall, info: Info, failure: StepFailure): void {
  const { class: failureClass, code, message } = failure;
  parts.metrics.failures.inc({ class: failureClass, task: call.task });
  parts.push.push({
    kind: 'attempt',
    ...stepOf(call),
    attempt: attemptNumber(call, info.attempt),
    worker: parts.worker,
    at: Date.now(),
    failure: { class: failureClass, code, message },
  });
}

const stepOf = ({ runId, step, retry }: StepCall): Pick<StepCall, 'runId' | 'step' | 'retry'> => ({ runId, step, ...(retry !== undefined && { retry }) });

const runningStep = (call: StepCall, info: Info): RunningStep => ({
  runId: call.runId,
  step: call.step,
  pipeline: call.pipeline,
  task: call.task,
  attempt: info.attempt,
  scheduledAt: info.scheduledTimestampMs,
  token: info.base64TaskToken,
  heartbeatMs: call.heartbeatMs,
});

function hostOf(
  parts: WorkerParts,
  call: StepCall,
  running: RunningStep,
  context: Context,
  beats: { readonly lastCursor: Json | null; beat(cursor: Json): void },
): StepHost {
  const { config, storage, secrets } = parts;
  const attempt = attemptNumber(call, running.attempt);
  const { retry = 0 } = call;
  const signal = new AbortController();
  const outer = context.cancellationSignal;
  const onCancel = (): void => {
    const why = outer.reason instanceof Error ? outer.reason.message : 'CANCELLED';
    signal.abort(why === 'WORKER_SHUTDOWN' ? new StepInterrupted('the worker shuts down') : new StepCancelled(why));
  };
  if (outer.aborted) onCancel();
  else outer.addEventListener('abort', onCancel, { once: true });
  return {
    worker: parts.worker,
    attempt,
    files: storage.files,
    data: storage.data,
    task: (name, version) => parts.tasks.get(`${name}@${version}`),
    codeDigest: (task) => parts.digests.get(task),
    knownDigest: (task) => parts.digests.known(task),
    lastCursor: beats.lastCursor,
    heartbeat: (cursor) => {
      beats.beat(cursor ?? null);
    },
    signal: signal.signal,
    openLog: () =>
      openAttemptLog({
        file: join(config.stateFolder, 'worker-logs', stepFolder(call.runId), stepFolder(call.step), attemptFile({ retry, attempt })),
        step: call.step,
        retry,
        attempt,
        redactor: secrets.redactor,
        push: (line) => {
          parts.push.push({ kind: 'log', runId: call.runId, line });
        },
        upload: async (content) => {
          await storage.files.write(logUri(call.runId, call.step, { retry, attempt }), content);
        },
      }),
    redactor: secrets.redactor,
    secret: (name) => secrets.get(name),
    commandEnv: parts.traces ? { TRACEPARENT: traceparentOf(call, running.attempt) } : {},
    projectFolder: config.folder,
    scratchFolder: join(config.stateFolder, 'scratch'),
    now: Date.now,
    ...(config.tracking && { tracker: trackerOf(call, storage.files) }),
    push: (event) => {
      parts.push.push(event);
    },
    within: (work) => parts.steps.run(running, work),
  };
}
