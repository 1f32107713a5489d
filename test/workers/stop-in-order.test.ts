/** The order in which a server stops, and what it does about a part that hangs. */
import { expect, it } from 'vitest';
import { stopInOrder } from '../../workers/stop-in-order.ts';

it('stops what began last first, and neither a part that hangs nor one that throws keeps the others from stopping', async () => {
  const stopped: string[] = [];
  const warned: unknown[] = [];
  const part = (name: string, stop: () => Promise<void>) => ({
    name,
    withinMs: 50,
    stop: () => {
      stopped.push(name);
      return stop();
    },
  });
  const started = performance.now();
  await stopInOrder(
    [
      part('catalog', async () => {}),
      part('broken', async () => {
        throw new Error('it broke');
      }),
      part('hangs', () => new Promise(() => {})),
      part('loops', async () => {}),
    ],
    { warn: (fields: unknown) => warned.push(fields) } as never,
  );
  expect(stopped).toEqual(['loops', 'hangs', 'broken', 'catalog']);
  expect(warned).toEqual([
    { part: 'hangs', withinMs: 50 },
    { part: 'broken', error: 'Error: it broke' },
  ]);
  expect(performance.now() - started).toBeLessThan(5_000);
});
