/** A secret that tasks throw, log, return and pass on is in nothing that outlives the worker's memory. */
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startSystem, type System } from '../chaos/system.ts';

const SECRET = 'correct-horse-battery-staple-4417';
/** As somebody who looks for it would: in clear, and in base64 wherever it began in the encoded text. */
const needles = [
  SECRET,
  SECRET.slice(0, 16),
  ...['', 'x', 'xx'].flatMap((before) =>
    (['base64', 'base64url'] as const).map((encoding) =>
      Buffer.from(before + SECRET)
        .toString(encoding)
        .slice(4, -4),
    ),
  ),
];

const leaky = `import { always, command, map, pipeline, task, z } from 'heddle';

const how = { version: '1', retry: { attempts: 2, backoff: '1s' }, input: z.object({ n: z.int().default(1) }) } as const;
const base64 = (text: string): string => Buffer.from(text).toString('base64');
export const throws = task({ ...how, name: 's.throws', output: z.string(), async run(_, ctx) {
  const value = await ctx.secret('token');
  throw Object.assign(new Error('refused: ' + value + ' ' + base64('user:' + value)), { name: value, code: value, cause: new Error(value) });
} });
export const speaks = task({ ...how, name: 's.speaks', output: z.string(), async run(_, ctx) {
  const value = await ctx.secret('token');
  ctx.log.error('got ' + value, { value, encoded: base64(value), deep: { list: [value] } });
  ctx.progress(1, 2, value);
  await ctx.checkpoint.save({ value });
  console.log(value);
  console.error(base64(value));
  throw value;
} });
export const returns = task({ ...how, name: 's.returns', input: z.object({ times: z.int() }), output: z.object({ text: z.string() }), async run({ times }, ctx) { return { text: (await ctx.secret('token') + ' ').repeat(times) }; } });
export const takes = task({ ...how, name: 's.takes', input: z.object({ text: z.string() }), output: z.int(), async run({ text }, ctx) { ctx.log.info(text); return text.length; } });
/** A failure's message is cut at 2,000 characters, here in the middle of the secret. */
export const torn = task({ ...how, name: 's.torn', output: z.string(), async run(_, ctx) { throw new Error('x'.repeat(1_980) + await ctx.secret('token')); } });
export const wrong = task({ ...how, name: 's.wrong', output: z.int(), run: (async (_: unknown, ctx: { secret(name: string): Promise<string> }) => ctx.secret('token')) as never });
export const program = command({ ...how, name: 's.program', argv: ['sh', '-c', 'echo "$HEDDLE_SECRET_TOKEN"; echo "$HEDDLE_SECRET_TOKEN" >&2; exit 1'] });
export const apart = task({ ...how, name: 's.apart', isolate: 'process', output: z.string(), async run(_, ctx) { console.log(await ctx.secret('token')); throw new Error(await ctx.secret('token')); } });
export const last = task({ ...how, name: 's.last', input: z.object({ message: z.string().nullable() }), output: z.null(), async run({ message }, ctx) { ctx.log.info(String(message)); return null; } });

export const leaks = pipeline({ name: 's.leaks' }, () => {
  always((outcome) => { last({ message: outcome.message }, { id: 'last' }); });
  throws({}, { id: 'throws' });
  speaks({}, { id: 'speaks' });
  takes({ text: returns({ times: 2 }, { id: 'short' }).text }, { id: 'takes-short' });
  takes({ text: returns({ times: 300 }, { id: 'long' }).text }, { id: 'takes-long' });
  torn({}, { id: 'torn' });
  wrong({}, { id: 'wrong' });
  program({}, { id: 'program' });
  apart({}, { id: 'apart' });
  map([1, 2], (n) => throws({ n }, { id: 'item' }), { id: 'items', tolerate: 2 });
});
`;

let system: System;
beforeAll(async () => {
  system = await startSystem({ files: { 'pipelines/leaks.ts': leaky }, workerEnv: { HEDDLE_SECRET_TOKEN: SECRET } });
}, 300_000);
afterAll(() => system?.stop());

const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

it('is in no database, log, store or answer, in clear or in base64', async () => {
  const runId = await system.run('s.leaks');
  const run = await system.ended(runId);
  const statusOf = Object.fromEntries(run.steps.map(({ step, status }) => [step, status]));
  expect(statusOf).toMatchObject({
    throws: 'failed',
    speaks: 'failed',
    short: 'done',
    'takes-short': 'done',
    long: 'done',
    'takes-long': 'done',
    wrong: 'failed',
    program: 'failed',
    apart: 'failed',
    'items[0].item': 'failed',
    'always.last': 'done',
  });
  expect(run.failures.find(({ step }) => step === 'throws')?.message).toContain('refused: [secret token]');

  const said = await Promise.all([
    system.heddle('show', runId),
    system.heddle('show', runId, '--json', '--all'),
    system.heddle('logs', runId, 'speaks'),
    system.heddle('explain', runId, 'throws'),
  ]);
  await system.halt();
  const files = [...filesBelow(join(system.folder, '.heddle')), ...filesBelow(dirname(system.temporal.dbFile))];
  const kinds = [/catalog\.db$/, /temporal\.db$/, /\.jsonl$/, /store\/.*\.json$/, new RegExp(`runs/${runId}.json$`)];
  for (const kind of kinds)
    expect(
      files.some((file) => kind.test(file)),
      String(kind),
    ).toBe(true);
  const places = [
    ...files.map((file) => ({ name: file, bytes: readFileSync(file) })),
    ...[
      ['the worker', system.worker.output],
      ['the server', system.server.output],
      ...said.flatMap(({ stdout, stderr }, i) => [
        [`command ${i}`, stdout],
        [`command ${i}`, stderr],
      ]),
    ].map(([name = '', text = '']) => ({ name, bytes: Buffer.from(text) })),
  ];
  const found = places.flatMap(({ name, bytes }) => needles.filter((needle) => bytes.includes(needle)).map((needle) => `${name}: ${needle}`));
  expect(found).toEqual([]);
  // the search itself works
  expect(
    places
      .filter(({ bytes }) => bytes.includes('[secret token]'))
      .map(({ name }) => name)
      .join('\n'),
  ).toMatch(/temporal\.db[^]*$/);
  expect(said[2]?.stdout).toContain('got [secret token]');
}, 300_000);
