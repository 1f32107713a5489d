/** Parts of a pipeline on a real Temporal, server and worker: --from, --to, --reuse. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunDetail } from '../../dsl/contract/api.ts';
import { startSystem, type System } from '../chaos/system.ts';

/** Each task notes that it ran; 'last' fails while there is no file `go`. */
const code = (versionOfMiddle: string): string => `
  import { appendFileSync, existsSync } from 'node:fs';
  import { map, pipeline, task, z } from 'heddle';
  const note = (name: string): void => appendFileSync('calls', name + '\\n');
  const number = { version: '1', output: z.number() };
  const first = task({ name: 'p.first', ...number, input: z.object({ by: z.number() }), run: async ({ by }) => { note('first'); return by; } });
  const list = task({ name: 'p.list', version: '1', input: z.object({ n: z.number() }), output: z.array(z.number()), run: async ({ n }) => { note('list'); return Array.from({ length: n }, (_, i) => i); } });
  const middle = task({ name: 'p.middle', version: '${versionOfMiddle}', output: z.number(), input: z.object({ x: z.number() }), run: async ({ x }) => { note('middle' + x); return x * 2; } });
  const side = task({ name: 'p.side', ...number, run: async () => { note('side'); return 7; } });
  const last = task({ name: 'p.last', ...number, input: z.object({ xs: z.array(z.number()), side: z.number(), plus: z.number() }), run: async ({ xs, side, plus }) => {
    note('last'); if (!existsSync('go')) throw new Error('not yet'); return xs.reduce((a, b) => a + b, side + plus); } });
  export const parts = pipeline({ name: 'parts', params: z.object({ by: z.number().default(3), plus: z.number().default(0) }) }, ({ params }) => {
    const n = first({ by: params.by });
    const xs = map(list({ n }), (x) => middle({ x }), { id: 'all' });
    const s = side();
    return { sum: last({ xs, side: s, plus: params.plus }) };
  });`;

let system: System;
let failed: string;
beforeAll(async () => {
  system = await startSystem({ files: { 'pipelines/parts.ts': code('1') } });
  failed = await system.run('parts');
  expect((await system.ended(failed)).status).toBe('failed');
}, 120_000);
afterAll(() => system?.stop());

/** What ran since the last time this was asked. */
let seen = 0;
function calls(): string[] {
  const file = join(system.folder, 'calls');
  const all = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
  return all.slice(seen, (seen = all.length)).sort();
}
const ended = async (...args: string[]): Promise<RunDetail> => system.ended(await system.run('parts', ...args));

describe('a part of a pipeline', () => {
  it('from a step on takes over what the other run made, and says so', async () => {
    calls();
    system.write('go', '');
    const run = await ended('--from', 'p.last', '--reuse', failed);
    expect(run).toMatchObject({ status: 'done', output: { sum: 2 * (0 + 1 + 2) + 7 } });
    expect(calls()).toEqual(['last']);
    expect(run.steps.find(({ step }) => step === 'p.first')).toMatchObject({ status: 'done', output: 3, meta: { cache: { hit: true, runId: failed } } });
    const { stdout } = await system.heddle('show', run.runId);
    expect(stdout).toContain(`not run: the result of run ${failed}`);
  });

  it('may take other values for parameters that only its own steps use', async () => {
    const run = await ended('--from', 'p.last', '--reuse', failed, '--param', 'plus=100');
    expect(run).toMatchObject({ status: 'done', output: { sum: 113 } });
    expect(calls()).toEqual(['last']);
  });

  it('from the middle runs what follows and leaves the rest alone', async () => {
    const run = await ended('--from', 'all', '--reuse', failed);
    expect(run).toMatchObject({ status: 'done', output: { sum: 13 } });
    expect(calls()).toEqual(['last', 'middle0', 'middle1', 'middle2']);
  });

  it('up to a step runs that and what it needs, and gives its output', async () => {
    const run = await ended('--to', 'all');
    expect(run).toMatchObject({ status: 'done', output: { all: [0, 2, 4] } });
    expect(calls()).toEqual(['first', 'list', 'middle0', 'middle1', 'middle2']);
    const part = await ended('--from', 'p.list', '--to', 'all', '--reuse', run.runId);
    expect(part).toMatchObject({ status: 'done', output: { all: [0, 2, 4] } });
    expect(calls()).toEqual(['list', 'middle0', 'middle1', 'middle2']);
  });

  it('goes on in a retry, without what was taken over', async () => {
    const run = await ended('--from', 'p.list', '--to', 'p.list', '--reuse', failed, '--param', 'plus=5');
    expect(run.status).toBe('done');
    expect(calls()).toEqual(['list']);
  });

  it.each([
    ['a step that there is not', ['--to', 'p.firts'], 'HDL-NO-STEP', 'Did you mean'],
    ['a step that is not needed', ['--from', 'p.side', '--to', 'all', '--reuse', 'RUN'], 'HDL-NO-STEP', 'p.first, p.list'],
    ['another value of a parameter', ['--from', 'p.last', '--reuse', 'RUN', '--param', 'by=4'], 'HDL-REUSE', '--from p.first'],
    ['a run that there is not', ['--from', 'p.last', '--reuse', '01J00000000000000000000000'], 'HDL-NO-RUN', ''],
    ['nothing to take over from', ['--from', 'p.last'], 'HDL-USAGE', '--reuse'],
  ])('refuses %s before anything starts', async (_, args, errorCode, text) => {
    const { code: exit, stdout, stderr } = await system.heddle('run', 'parts', ...args.map((arg) => (arg === 'RUN' ? failed : arg)), '--json');
    expect(exit).toBe(2);
    expect(stdout + stderr).toContain(errorCode);
    expect(stdout + stderr).toContain(text);
    expect(calls()).toEqual([]);
  });

  it('refuses steps whose task has another version since', async () => {
    system.write('pipelines/parts.ts', code('2'));
    const { code: exit, stdout, stderr } = await system.heddle('run', 'parts', '--from', 'p.last', '--reuse', failed, '--json');
    expect(exit).toBe(2);
    expect(stdout + stderr).toContain('HDL-REUSE');
    expect(stdout + stderr).toContain('version 1; the plan has version 2');
    expect(stdout + stderr).toContain('--from all');
    expect(calls()).toEqual([]);
  });
});
