/**
 * Stops the parts of a process one after the other, the last begun first, each within a time of its own: a part that hangs,
 * because what it talks to is gone, holds up neither the others nor the end of the process. Server only.
 */
import type { Logger } from 'pino';

export interface Part {
  readonly name: string;
  readonly withinMs: number;
  stop(): Promise<void>;
}

/** Never throws. A part that is late is left behind, with a warning. */
export async function stopInOrder(parts: readonly Part[], log: Pick<Logger, 'warn'>): Promise<void> {
  for (const { name, withinMs, stop } of parts.toReversed()) {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => {
        resolve('late');
      }, withinMs);
    });
    try {
      if ((await Promise.race([stop(), late])) === 'late') log.warn({ part: name, withinMs }, 'a part did not stop in its time; it is left behind');
    } catch (error) {
      log.warn({ part: name, error: String(error) }, 'a part did not stop cleanly');
    } finally {
      clearTimeout(timer);
    }
  }
}
