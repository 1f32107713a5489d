/** A benchmark that is told to stop twice, by a person or by `timeout`, leaves no process behind. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

it.each(['SIGTERM', 'SIGINT'] as const)('a second %s does not cut the stop short', async (signal) => {
  const script = fileURLToPath(new URL('../../bench/stopping-process.ts', import.meta.url));
  const bench = spawn(process.execPath, ['--conditions=heddle-source', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exit = once(bench, 'exit');
  const lines = createInterface({ input: bench.stdout })[Symbol.asyncIterator]();
  const child = Number((await lines.next()).value);
  expect(isAlive(child)).toBe(true);
  bench.kill(signal);
  expect((await lines.next()).value).toBe('stopping');
  bench.kill(signal);
  expect(await exit).toEqual([130, null]);
  expect(isAlive(child)).toBe(false);
});
