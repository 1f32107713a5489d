/**
 * Runs a step in a process of its own (isolate: 'process'): forks isolated-child.ts, which loads the project itself. The
 * child may exit, crash or block: only its own step fails. Worker side.
 */
import { fork } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { killGroup } from '../activities/command/run-process.ts';
import { noteGroup } from '../activities/command/process-groups.ts';
import { StepCancelled, StepError, StepInterrupted } from '../activities/step/step-error.ts';
import type { StepHost } from '../activities/step/step-host.ts';
import type { StepCall, StepFailure, StepResult } from '../dsl/contract/step.ts';
import { HeddleError } from '../dsl/errors/heddle-error.ts';
import { childArguments } from './child-arguments.ts';
import type { FromChild, ToChild } from './isolated-messages.ts';
import type { WorkerParts } from './worker-parts.ts';

const CHILD = fileURLToPath(new URL(`./isolated-child${extname(import.meta.url)}`, import.meta.url));
const KILL_AFTER_MS = 10_000;
const TAIL = 4_000;

/** Throws as runStep does. */
export async function runIsolated(parts: WorkerParts, call: StepCall, host: StepHost): Promise<StepResult> {
  const task = host.task(call.task, call.version);
  const startedAt = host.now();
  const codeDigest = task ? await host.codeDigest(task) : null;
  const child = fork(CHILD, { cwd: parts.config.folder, execArgv: childArguments(), detached: true, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  const forget = noteGroup(host.scratchFolder, child.pid);
  let tail = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      const text = host.redactor.piece(chunk);
      tail = (tail + text).slice(-TAIL);
      process.stderr.write(text);
    });
  }
  let answer: FromChild | null = null;
  let late = false;
  child.on('message', (message: FromChild) => {
    if (message.kind === 'heartbeat') host.heartbeat(message.cursor);
    else if (message.kind === 'event') host.push(message.event);
    else answer = message;
  });
  const send = (message: ToChild): void => {
    if (child.connected) child.send(message, () => undefined);
  };
  let hard: NodeJS.Timeout | undefined;
  const onAbort = (): void => {
    send({ kind: 'stop', why: host.signal.reason instanceof StepInterrupted ? 'interrupted' : 'cancelled' });
    killGroup(child.pid, 'SIGTERM');
    hard = setTimeout(() => {
      killGroup(child.pid, 'SIGKILL');
    }, KILL_AFTER_MS);
  };
  // The child ends in time by itself, unless its loop is blocked.
  const margin = Math.min(1_000, call.timeoutMs * 0.05);
  const lateTimer = setTimeout(
    () => {
      late = true;
      killGroup(child.pid, 'SIGKILL');
    },
    Math.min(call.timeoutMs - margin, 2 ** 31 - 1),
  );
  try {
    const closed = new Promise<{ code: number | null; signal: string | null }>((resolve, reject) => {
      child.on('error', reject);
      child.on('exit', (code, signal) => {
        killGroup(child.pid, 'SIGKILL'); // what it may have started
        child.on('close', () => {
          resolve({ code, signal });
        });
      });
    });
    send({ kind: 'run', call, config: parts.config, worker: host.worker, attempt: host.attempt, lastCursor: host.lastCursor, codeDigest });
    host.signal.addEventListener('abort', onAbort, { once: true });
    if (host.signal.aborted) onAbort();
    return settle(await closed, answer as FromChild | null);
  } finally {
    clearTimeout(hard);
    clearTimeout(lateTimer);
    host.signal.removeEventListener('abort', onAbort);
    forget();
  }

  function settle(end: { readonly code: number | null; readonly signal: string | null }, said: FromChild | null): StepResult {
    if (said?.kind === 'done') return said.result;
    if (said?.kind === 'failed') throw new StepError(said.failure);
    if (host.signal.aborted) throw host.signal.reason;
    if (said?.kind === 'stopped') throw said.why === 'cancelled' ? new StepCancelled('cancelled') : new StepInterrupted('interrupted');
    const meta = { startedAt, attempt: host.attempt - (call.earlier ?? 0), worker: host.worker, ms: host.now() - startedAt };
    throw new StepError({ ...diedFailure(call, end, late, tail), meta });
  }
}

function diedFailure(call: StepCall, end: { readonly code: number | null; readonly signal: string | null }, late: boolean, tail: string): StepFailure {
  const where = `${call.pipeline}, task ${call.task} ${call.version}`;
  if (late) {
    const error = new HeddleError('HDL-STEP-TIMEOUT', {
      what: `Step ${call.step} did not end within ${call.timeoutMs / 1000} s, and its process did not answer.`,
      where,
    });
    return { class: 'timeout', code: error.code, message: error.message };
  }
  const how = end.signal === null ? `ended with exit code ${end.code}` : `was killed by ${end.signal}`;
  const lines = tail.trim().split('\n').slice(-8).join('\n');
  const error = new HeddleError('HDL-CHILD-DIED', {
    what: `The process of step ${call.step} (task ${call.task}) ${how} before the step had ended.${lines === '' ? '' : ` It printed last:\n${lines}`}`,
    where,
  });
  return { class: /out of memory/i.test(tail) ? 'capacity' : 'platform', code: error.code, message: error.message };
}
