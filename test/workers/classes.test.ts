import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resultOf, startWorkerKit, until, type WorkerKit } from './worker-kit.ts';

let kit: WorkerKit;
beforeAll(async () => {
  kit = await startWorkerKit();
});
afterAll(async () => {
  await kit.stop();
});

describe('a pool with classes that share one budget', () => {
  it('runs all of their steps, never beyond the budget, and the large one is not starved', async () => {
    const project = kit.project(
      'classes',
      `
      import { appendFileSync } from 'node:fs';
      const run = async ({ file, units }: { file: string; units: number }) => { appendFileSync(file, '+' + units + '\\n'); await new Promise((r) => setTimeout(r, 150)); appendFileSync(file, '-' + units + '\\n'); return units; };
      const shape = { version: '1', input: z.object({ file: z.string(), units: z.number() }), output: z.number() };
      export const small = task({ name: 'c.small', ...shape, run });
      export const large = task({ name: 'c.large', ...shape, run });`,
      { default: { budget: 4, classes: { small: { units: 1, slots: 4 }, large: { units: 4, slots: 1 } } } },
    );
    const worker = await project.worker();
    const file = join(project.folder, 'units');
    const outcomes = await kit.run([
      ...Array.from({ length: 24 }, (_, i) => project.order('c.small', { file, units: 1 }, { step: `small-${i}`, class: 'small', attempts: 1 })),
      ...Array.from({ length: 2 }, (_, i) => project.order('c.large', { file, units: 4 }, { step: `large-${i}`, class: 'large', attempts: 1 })),
    ]);
    expect(outcomes.filter(({ ok }) => !ok)).toEqual([]);
    expect(resultOf(outcomes.at(-1)).output).toBe(4);
    let used = 0;
    let most = 0;
    const changes = readFileSync(file, 'utf8').trim().split('\n').map(Number);
    for (const change of changes) most = Math.max(most, (used += change));
    expect(most).toBeLessThanOrEqual(4);
    expect(used).toBe(0);
    // not after all of the small ones
    expect(changes.lastIndexOf(1)).toBeGreaterThan(changes.indexOf(4));
    await worker.stop();
  });

  it('sends a step that finds no room back, uncharged, and runs it when there is room', async () => {
    const project = kit.project(
      'room',
      `
      import { existsSync } from 'node:fs';
      export const holds = task({ name: 'r.holds', version: '1', input: z.object({ file: z.string() }), output: z.number(), run: async ({ file }) => { while (!existsSync(file)) await new Promise((r) => setTimeout(r, 20)); return 1; } });
      export const other = task({ name: 'r.other', version: '1', output: z.number(), run: async (_, ctx) => ctx.attempt });`,
      { default: { budget: 1, classes: { a: { slots: 1 }, b: { slots: 1 } } } },
    );
    const worker = await project.worker();
    const file = join(project.folder, 'go');
    const handle = await kit.start([project.order('r.holds', { file }, { class: 'a', attempts: 1 })]);
    await until('the first step', async () => (await handle.describe()).raw.pendingActivities?.[0]?.state === 2);
    const second = await kit.start([project.order('r.other', {}, { class: 'b', attempts: 1 })]);
    await until('the refusal', async () => (await second.describe()).raw.pendingActivities?.[0]?.lastFailure?.message?.includes('HDL-NO-ROOM'));
    writeFileSync(file, '');
    expect((await handle.result())[0]?.ok).toBe(true);
    expect(resultOf((await second.result())[0]).output).toBeGreaterThan(1);
    await worker.stop();
  });
});
