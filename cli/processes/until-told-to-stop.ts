/**
 * Waits until a long-lived process is told to stop: SIGTERM, SIGINT, the end of the `heddle dev` that started it (its channel
 * closes), or the end of its own work.
 */

/** Resolves with why; rejects when `ended` does. A second signal ends the process at once. */
export function untilToldToStop(ended: Promise<void>): Promise<'SIGINT' | 'SIGTERM' | 'disconnect' | 'ended'> {
  return new Promise((resolve, reject) => {
    let told = 0;
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        // a terminal's Ctrl+C may come twice, by the terminal and by a launcher that passes it on
        if (told > 0 && Date.now() - told > 1_000) process.exit(1);
        told ||= Date.now();
        resolve(signal);
      });
    }
    process.once('disconnect', () => {
      resolve('disconnect');
    });
    ended.then(() => {
      resolve('ended');
    }, reject);
  });
}
