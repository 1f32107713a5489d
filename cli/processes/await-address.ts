/** Waits until something listens on an address: a child of `heddle dev` is started together with its Temporal server. */
import { createConnection } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Gives up without an error after the time: the caller's own connection says it better. */
export async function awaitAddress(address: string, withinMs: number): Promise<void> {
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon).replace(/^\[|\]$/g, '');
  for (const until = Date.now() + withinMs; Date.now() < until; await sleep(50)) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = createConnection({ host, port: Number(address.slice(colon + 1)) }, () => {
        resolve(true);
      });
      socket.once('error', () => {
        resolve(false);
      });
      socket.once('connect', () => socket.destroy());
    });
    if (open) return;
  }
}
