/** Heartbeats of a control activity that may take long: they go out by themselves, with how far it is. Server only. */
import { asyncLocalStorage } from '@temporalio/activity';

const BEAT_MS = 5_000;

export interface Beat {
  /** Aborted when the run is cancelled, or this attempt was given up. Undefined outside of an activity. */
  readonly signal: AbortSignal | undefined;
  /** One more is done: told with the next heartbeat. */
  readonly onFile: () => void;
}

export async function beating<T>(work: (beat: Beat) => Promise<T>): Promise<T> {
  const context = asyncLocalStorage.getStore(); // none where it is called as a function
  let files = 0;
  const timer = setInterval(() => context?.heartbeat({ files }), BEAT_MS);
  try {
    return await work({
      signal: context?.cancellationSignal,
      onFile: () => {
        files++;
      },
    });
  } finally {
    clearInterval(timer);
  }
}
