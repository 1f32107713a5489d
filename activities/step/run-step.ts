/**
 * Runs one attempt of one step: loads its input, validates it, runs the author's code, validates and stores the output. The
 * whole wrapper, without Temporal: driven by the plan's StepCall alone. Used by workers, isolated children and tests.
 */
import type { TaskValue } from '../../dsl/authoring/values.ts';
import { INLINE_BYTES, type AttemptMeta, type CacheNote, type StagedPartition, type StepCall, type StepResult } from '../../dsl/contract/step.ts';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import type { Json } from '../../dsl/plan/types.ts';
import { runCommand } from '../command/run-command.ts';
import type { AttemptLog } from './attempt-log.ts';
import { checkShape, checkSize } from './check-value.ts';
import { classifyFailure } from './classify-failure.ts';
import { lookUpResult, type Lookup } from './result-cache.ts';
import { StepCancelled, StepError, StepInterrupted, StepTimedOut } from './step-error.ts';
import { handlesIn } from './handles-in.ts';
import type { StepHost } from './step-host.ts';
import { taskContext, type StepContext } from './task-context.ts';

/** How long a task that was told to stop may go on before the step ends without it: a little longer than a program may (run-process.ts). */
const STOP_GRACE_MS = 12_000;

/**
 * Throws StepError (failed, classified), StepCancelled or StepInterrupted. Whatever is thrown or returned carries no secret
 * that the redactor knows.
 */
export async function runStep(call: StepCall, host: StepHost): Promise<StepResult> {
  const startedAt = host.now();
  let log: AttemptLog | null = null;
  const openLog = (): AttemptLog => (log ??= host.openLog(call));
  const rows = { in: 0, out: 0 };
  let task: TaskValue | undefined;
  let cache: CacheNote | undefined;
  /** Of the code that made the result, where that is another step's. */
  let codeDigest: string | null = null;
  let context: StepContext | undefined;
  const meta = (): AttemptMeta => ({
    startedAt,
    attempt: host.attempt - (call.earlier ?? 0),
    worker: host.worker,
    ms: host.now() - startedAt,
    ...(task && { codeDigest: codeDigest ?? host.knownDigest(task) }),
    ...(cache && { cache }),
    ...(rows.in > 0 && { rowsIn: rows.in }),
    ...(rows.out > 0 && { rowsOut: rows.out }),
    ...(context && context.reads.length > 0 && { reads: context.reads }),
  });
  const ending = endingOf(call, host.signal);
  try {
    task = host.task(call.task, call.version);
    if (!task) throw noTask(call, host.worker);
    context = taskContext(call, task, host, ending.signal, openLog);
    const attempt = attemptTask(call, task, host, context);
    const { output, whole, staged, lookup } = await Promise.race([attempt, ending.givenUp]);
    Object.assign(rows, context.rows);
    cache = lookup?.note;
    if (lookup?.found) codeDigest = lookup.found.codeDigest;
    // what was told to stop may have stopped half way
    else if (lookup && !ending.signal.aborted) {
      const problem = await lookup.keep(whole, staged, host.knownDigest(task));
      if (problem !== null) openLog().log.warn(`the result could not be kept for others: ${problem}`);
    }
    await context.checkpoint.clear();
    return { output, meta: meta(), ...(staged.length > 0 && { staged }) };
  } catch (thrown) {
    const reason: unknown = ending.signal.aborted ? ending.signal.reason : null;
    if (reason instanceof StepCancelled || reason instanceof StepInterrupted) throw reason;
    const found = classifyFailure(reason instanceof StepTimedOut ? timedOut(call, host.worker) : thrown, host.redactor);
    const failure = { ...found.failure, meta: meta() };
    openLog().log.error(failure.message, { class: failure.class, code: failure.code, ...(found.authorStack !== null && { stack: found.authorStack }) });
    throw new StepError(failure, found.authorStack);
  } finally {
    ending.stop();
    // neither a tracker nor a log that cannot be kept ever fails a step
    await host.tracker?.flush().catch((error: unknown) => {
      openLog().log.warn(`what the step said to the tracker could not be kept: ${String(error)}`);
    });
    await (log as AttemptLog | null)?.close().catch(() => undefined);
  }
}

interface Attempted {
  /** Inline, or where it is stored. */
  readonly output: Json;
  readonly whole: Json;
  readonly staged: StagedPartition[];
  /** null for a task without `cache`. */
  readonly lookup: Lookup | null;
}

async function attemptTask(call: StepCall, task: TaskValue, host: StepHost, context: StepContext): Promise<Attempted> {
  const passOn = async (whole: Json): Promise<Json> =>
    checkSize('output', whole, call).bytes > INLINE_BYTES ? host.data.storeValue(whole, call.keep ?? [], call) : whole;
  const loaded = await host.data.loadInputs(call.input);
  checkSize('input', loaded, call);
  context.reads.push(...handlesIn(loaded));
  const input = await checkShape('input', task, loaded, call);
  const lookup = await lookUpResult(call, task, loaded, host);
  if (lookup?.found) {
    const whole = lookup.found.output;
    context.ctx.log.info(`not run: ${lookup.note.why}`);
    return { output: await passOn(whole), whole, staged: [], lookup };
  }
  const work = (): Promise<unknown> => (task.command ? runCommand({ call, task, input: input as Json, host, context }) : codeOf(task)(input, context.ctx));
  const result = await (host.within ? host.within(work) : work());
  // a task without an output schema returns nothing, which is null in JSON
  const shaped = (await checkShape('output', task, result ?? null, call)) as Json; // output schemas are JSON, checked at compile time
  const output = host.redactor.json(shaped);
  checkSize('output', output, call);
  const staged = placed(call, task, output, context);
  return { output: await passOn(output), whole: output, staged, lookup };
}

function codeOf(task: TaskValue): NonNullable<TaskValue['run']> {
  if (!task.run)
    throw new HeddleError('HDL-NO-CODE', { what: `Task ${task.name} ${task.version} has no code that a worker can run.`, where: task.place ?? undefined });
  return task.run;
}

/** Staged partitions with their place in the output. A task that publishes must have written what it publishes. */
function placed(call: StepCall, task: TaskValue, output: Json, context: StepContext): StagedPartition[] {
  return Object.entries(task.publishes).flatMap(([path, dataset]) => {
    const at = path === '' ? [] : path.split('.');
    const handle = at.reduce<Json | undefined>((value, part) => (value as { readonly [key: string]: Json } | null | undefined)?.[part], output);
    if (handle === null || handle === undefined) return []; // a nullable output that publishes nothing this time
    const made = context.staged.findLast(({ slice }) => slice.dataset === dataset);
    if (made) return [{ ...made.staged, at }];
    throw new HeddleError('HDL-NOT-WRITTEN', {
      what: `${task.name} ${task.version} publishes ${dataset} and returned a slice that it did not write.`,
      where: `${call.pipeline}, step ${call.step}`,
    });
  });
}

/** When the step must end: its own time, a cancel, a shutdown. `givenUp` rejects when the task does not heed the signal. */
function endingOf(call: StepCall, outer: AbortSignal): { readonly signal: AbortSignal; readonly givenUp: Promise<never>; stop(): void } {
  const controller = new AbortController();
  let giveUp: (reason: unknown) => void = () => undefined;
  const givenUp = new Promise<never>((_, reject) => {
    giveUp = reject;
  });
  givenUp.catch(() => undefined);
  // A little before Temporal's own clock, so that the failure says what happened.
  const margin = Math.min(2_000, call.timeoutMs * 0.1);
  let last: NodeJS.Timeout | undefined;
  const end = (reason: unknown, graceMs: number): void => {
    if (controller.signal.aborted) return;
    controller.abort(reason);
    last = setTimeout(() => {
      giveUp(reason);
    }, graceMs);
  };
  const timer = setTimeout(
    () => {
      end(new StepTimedOut(`the step's time is over`), margin / 2);
    },
    Math.min(call.timeoutMs - margin, 2 ** 31 - 1),
  );
  const onAbort = (): void => {
    end(outer.reason, STOP_GRACE_MS);
  };
  outer.addEventListener('abort', onAbort, { once: true });
  if (outer.aborted) onAbort();
  return {
    signal: controller.signal,
    givenUp,
    stop() {
      clearTimeout(timer);
      clearTimeout(last);
      outer.removeEventListener('abort', onAbort);
    },
  };
}

const timedOut = (call: StepCall, worker: string): HeddleError =>
  new HeddleError('HDL-STEP-TIMEOUT', {
    what: `Step ${call.step} did not end within ${call.timeoutMs >= 1000 ? `${call.timeoutMs / 1000} s` : `${call.timeoutMs} ms`}.`,
    where: `${call.pipeline}, task ${call.task} ${call.version}, worker ${worker}`,
  });

const noTask = (call: StepCall, worker: string): HeddleError =>
  new HeddleError('HDL-NO-TASK', { what: `Worker ${worker} has no task ${call.task} version ${call.version}.`, where: `${call.pipeline}, step ${call.step}` });
