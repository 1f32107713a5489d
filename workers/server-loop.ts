/** A pass that the server makes again and again: never two at once, an error of one pass does not end the loop. Server only. */
import type { Logger } from 'pino';

export interface Loop {
  /** Resolves when the pass under way has ended. */ stop(): Promise<void>;
}

export function startLoop(name: string, everyMs: number, log: Logger, pass: () => Promise<void>): Loop {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();
  const again = (): void => {
    if (stopped) return;
    timer = setTimeout(() => {
      running = pass()
        .catch((error: unknown) => log.warn({ loop: name, error: String(error) }, 'a pass failed; the next one tries again'))
        .then(again);
    }, everyMs);
  };
  again();
  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
