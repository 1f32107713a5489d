/** SIGINT and SIGTERM to a benchmark: its processes are stopped once, however often the signal comes. */

/** Ends this process with 130 when `stop` has ended. Gives what takes the handlers away again. */
export function onStopSignals(stop: () => Promise<void>): () => void {
  let stopping: Promise<void> | undefined;
  // `on`, not `once`: a second signal would end this process by its default, and leave the children behind
  const handle = (): void => {
    stopping ??= stop().finally(() => process.exit(130));
  };
  for (const signal of SIGNALS) process.on(signal, handle);
  return () => {
    for (const signal of SIGNALS) process.off(signal, handle);
  };
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
