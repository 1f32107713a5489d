/**
 * Keeps a task from ending its worker: process.exit, abort and a kill of the own process throw in a task's code, and fail
 * its step even if that catches them. Errors that nobody caught fail the step that they came from. Worker processes only.
 */
import { HeddleError } from '../dsl/errors/heddle-error.ts';
import type { RunningSteps } from './running-steps.ts';

/** Undoes it. */
export function guardExit(steps: RunningSteps): () => void {
  const real = { exit: process.exit, abort: process.abort, kill: process.kill };
  const refuse = (what: string): void => {
    const step = steps.current();
    if (!step) return;
    const error = new HeddleError('HDL-EXIT-CALLED', {
      what: `Task ${step.task} called ${what} in step ${step.step}.`,
      where: `${step.pipeline}, run ${step.runId}, attempt ${step.attempt}`,
      why: 'It would have ended the worker and every other step on it.',
    });
    steps.failCurrent(error);
    throw error;
  };
  process.exit = (code) => {
    refuse(`process.exit(${code ?? ''})`);
    return real.exit.call(process, code);
  };
  process.abort = () => {
    refuse('process.abort()');
    return real.abort.call(process);
  };
  process.kill = (pid, signal) => {
    if (pid === process.pid && signal !== 0) refuse(`process.kill(process.pid, ${JSON.stringify(signal ?? 'SIGTERM')})`);
    return real.kill.call(process, pid, signal);
  };
  return () => {
    Object.assign(process, real);
  };
}

/** `onUnknown`: an exception that belongs to no step; the process may be in any state then. */
export function guardUncaught(steps: RunningSteps, log: (text: string) => void, onUnknown: (error: unknown) => void): () => void {
  const asError = (reason: unknown): Error => (reason instanceof Error ? reason : new Error(String(reason)));
  const onException = (error: unknown): void => {
    if (!steps.failCurrent(asError(error))) onUnknown(error);
  };
  const onRejection = (reason: unknown): void => {
    if (!steps.failCurrent(asError(reason))) log(`a promise was rejected and nobody looked: ${asError(reason).message}`);
  };
  process.on('uncaughtException', onException);
  process.on('unhandledRejection', onRejection);
  return () => {
    process.off('uncaughtException', onException);
    process.off('unhandledRejection', onRejection);
  };
}
