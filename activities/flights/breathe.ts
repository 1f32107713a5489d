/** Lets the event loop turn in the middle of a long computation, so that heartbeats go out and a cancel comes in. Worker side. */
import { setImmediate } from 'node:timers/promises';

/** Throws the reason of the signal when the step is cancelled. */
export const breathing = (signal: { throwIfAborted(): void }) => async (): Promise<void> => {
  await setImmediate();
  signal.throwIfAborted();
};
