/** Live steps and those of backfills on one real worker. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startWorkerKit, until, type WorkerKit } from './worker-kit.ts';

let kit: WorkerKit;
beforeAll(async () => {
  kit = await startWorkerKit();
});
afterAll(() => kit.stop());

/** A task that notes its lane at start and end. */
const code = `
  import { appendFileSync } from 'node:fs';
  const input = z.object({ file: z.string(), lane: z.string(), ms: z.number() });
  export const notes = task({ name: 'l.notes', version: '1', input, output: z.number(), run: async ({ file, lane, ms }) => {
    appendFileSync(file, '+' + lane + '\\n'); await new Promise((r) => setTimeout(r, ms)); appendFileSync(file, '-' + lane + '\\n'); return 1; } });`;
const linesOf = (file: string): string[] => {
  try {
    return readFileSync(file, 'utf8').trim().split('\n');
  } catch {
    return [];
  }
};
function mostAtOnce(lines: readonly string[]): { live: number; backfill: number; both: number } {
  const now = { live: 0, backfill: 0 };
  const most = { live: 0, backfill: 0, both: 0 };
  for (const line of lines) {
    const lane = line.slice(1) as 'live' | 'backfill'; // written by the task
    now[lane] += line.startsWith('+') ? 1 : -1;
    most[lane] = Math.max(most[lane], now[lane]);
    most.both = Math.max(most.both, now.live + now.backfill);
  }
  return most;
}

describe.each([
  ['slots of its own', {}],
  ['a budget that its classes share', { budget: 4 }],
])('a class with %s', (name, more) => {
  it('lets a live step start at once beside a backfill that fills its own slots, and both keep to the limits', async () => {
    const classes = { small: { slots: 4 }, ...('budget' in more && { large: { slots: 1, units: 2 } }) };
    const project = kit.project(`lanes-${name.length}`, code, { default: { ...more, classes } });
    const worker = await project.worker();
    const file = join(project.folder, 'notes');
    const order = (lane: 'live' | 'backfill', i: number, ms: number) =>
      project.order('l.notes', { file, lane, ms }, { step: `${lane}-${i}`, lane, attempts: 1 });
    const backfill = await kit.start(Array.from({ length: 18 }, (_, i) => order('backfill', i, 700)));
    await until('a full backfill', () => linesOf(file).length >= 3);
    await kit.run([order('live', 0, 10)]);
    // it ended within the first round or two of the backfill's steps, not after its queue
    expect(linesOf(file).indexOf('-live')).toBeLessThan(18);
    await kit.run(Array.from({ length: 24 }, (_, i) => order('live', i + 1, 60)));
    expect((await backfill.result()).filter(({ ok }) => !ok)).toEqual([]);
    const most = mostAtOnce(linesOf(file));
    expect(most.backfill).toBeLessThanOrEqual(3);
    expect(most.both).toBeLessThanOrEqual(4);
    expect(linesOf(file)).toHaveLength(2 * (18 + 25));
    await worker.stop();
  });
});
