import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { compileProject } from '../../compiler/compile.ts';
import { planHashOf } from '../../storage/digest.ts';
import { tempProject, tiny } from './temp-project.ts';

const codes = (problems: readonly { code: string; file: string | null; line: number | null }[]): unknown[] =>
  problems.map(({ code, file, line }) => [code, file, line]);

test('a project compiles to plans with their hashes', async () => {
  using project = tempProject({ 'pipelines/a.ts': tiny('a') });
  const { plans, problems, pipelines, tasks, files } = await compileProject(project.config);
  expect(problems).toEqual([]);
  const { plan, hash } = plans.get('a') ?? {};
  expect(plan?.skeleton.body.nodes.map(({ id }) => id)).toEqual(['a.add']);
  expect(plan?.places).toEqual({ 'a.add': 'pipelines/a.ts:4:51' });
  expect(hash).toBe(plan && planHashOf(plan));
  expect(pipelines).toEqual([{ name: 'a', file: `${project.folder}/pipelines/a.ts`, exportName: 'it', place: `${project.folder}/pipelines/a.ts:4:19` }]);
  expect(tasks.map(({ name, version, exportName }) => [name, version, exportName])).toEqual([['a.add', '1', 'add']]);
  expect(files).toEqual([`${project.folder}/pipelines/a.ts`]);
});

test('hashes change neither with formatting and file order nor with the folder', async () => {
  using one = tempProject({ 'pipelines/a.ts': tiny('a'), 'pipelines/b.ts': tiny('b') });
  using two = tempProject({ 'pipelines/x.ts': tiny('b').replaceAll('\n', '\n\n// a comment\n'), 'pipelines/y.ts': tiny('a').replaceAll(', ', ' , ') });
  const [first, second] = [await compileProject(one.config), await compileProject(two.config)];
  const hashes = ({ plans }: typeof first): unknown => Object.fromEntries([...plans].map(([name, { hash }]) => [name, hash]));
  expect(hashes(second)).toEqual(hashes(first));
});

test('callees are compiled before their callers, whose plans hold their hashes', async () => {
  const caller = `import { pipeline } from 'heddle';\nimport { it } from './b.ts';\nexport const a = pipeline({ name: 'a' }, () => { it({}); it.start({}, { id: 'again' }); });`;
  using project = tempProject({ 'pipelines/a.ts': caller, 'pipelines/b.ts': tiny('b') });
  const { plans } = await compileProject(project.config, { only: ['a'] });
  expect(plans.get('a')?.plan.skeleton.calls).toEqual({ b: plans.get('b')?.hash });
});

test('only what is wanted is compiled, and an unknown name is a problem that lists the known ones', async () => {
  using project = tempProject({ 'pipelines/a.ts': tiny('a'), 'pipelines/b.ts': tiny('b') });
  const { plans, problems } = await compileProject(project.config, { only: ['b', 'c'] });
  expect([...plans.keys()]).toEqual(['b']);
  expect(problems.map(({ code, message }) => [code, message])).toEqual([['HDL-NO-PIPELINE', 'There is no pipeline "c". The project has "a", "b".']]);
});

test('one bad pipeline leaves the plans of the others', async () => {
  using project = tempProject({ 'pipelines/a.ts': tiny('a', 'add({ n: Date.now() });'), 'pipelines/b.ts': tiny('b'), 'pipelines/c.ts': 'export const = 1;' });
  const { plans, problems } = await compileProject(project.config);
  expect([...plans.keys()]).toEqual(['b']);
  expect(codes(problems)).toEqual([
    ['HDL-IMPURE-BODY', 'pipelines/a.ts', 4],
    ['HDL-FILE-SYNTAX', 'pipelines/c.ts', 1],
  ]);
});

test('files that cannot be read or imported are problems at their lines, and the others compile', async () => {
  using project = tempProject({
    'pipelines/a.ts': 'export const one = 1;\nconst two = ;\n',
    'pipelines/b.ts': tiny('b'),
    'pipelines/c.ts': "import { nothing } from 'node:fs';\nexport { nothing };",
    'pipelines/d.ts': '\nenum Kind { A }',
    'pipelines/e.ts': "import './nowhere.ts';",
    'pipelines/f.ts': "\nthrow new Error('no connection');",
  });
  const { plans, problems } = await compileProject(project.config);
  expect(problems.map(({ code, file, line, column }) => [code, file, line, column])).toEqual([
    ['HDL-FILE-SYNTAX', 'pipelines/a.ts', 2, 13],
    ['HDL-FILE-SYNTAX', 'pipelines/c.ts', 1, 10],
    ['HDL-FILE-SYNTAX', 'pipelines/d.ts', 2, 1],
    ['HDL-FILE-THREW', 'pipelines/e.ts', null, null],
    ['HDL-FILE-THREW', 'pipelines/f.ts', 2, 7],
  ]);
  expect(problems[3]?.message).toContain('nowhere.ts');
  expect([...plans.keys()]).toEqual(['b']);
});

test('every source of impurity is trapped while a body runs, and none at import', async () => {
  const asks = {
    clock: ['Date.now()', 'Number(new Date())', 'Date().length', 'performance.now()', 'process.hrtime()[0]', 'Number(process.hrtime.bigint())'],
    randomness: ['Math.random()', 'crypto.randomUUID().length', 'randomInt(5)', 'globalThis.crypto.getRandomValues(new Uint8Array(1))[0]!'],
    environment: ["Number(process.env['X'])", 'Object.keys(process.env).length', "Number('X' in process.env)", 'os.cpus().length', 'process.cwd().length'],
    network: [
      "Number(void fetch('http://127.0.0.1:9'))",
      "Number(void http.get('http://127.0.0.1:9'))",
      "Number(void net.connect(9, '127.0.0.1'))",
      "Number(void dns.lookup('localhost', () => undefined))",
    ],
    files: [
      "fs.readFileSync('x').length",
      "Number(existsSync('x'))",
      "Number(void fsp.readFile('x').catch(() => undefined))",
      "Number(execSync('true').length)",
    ],
  };
  const imports = `import { pipeline, task, z } from 'heddle'; import { randomInt } from 'node:crypto'; import os from 'node:os'; import http from 'node:http'; import net from 'node:net'; import dns from 'node:dns'; import fs, { existsSync } from 'node:fs'; import fsp from 'node:fs/promises'; import { execSync } from 'node:child_process';`;
  const all = Object.values(asks).flat();
  const text = [
    imports,
    "export const add = task({ name: 'add', version: '1', input: z.object({ n: z.number() }) });",
    'export const used = [Date.now() > 0, Math.random() < 1, process.env.PATH !== undefined, fs.existsSync(os.tmpdir())].every(Boolean);',
    "if (!used) throw new Error('asleep outside of bodies');",
    ...all.map((ask, i) => `export const p${i} = pipeline({ name: 'p${i}' }, () => { add({ n: ${ask} }); });`),
  ].join('\n');
  using project = tempProject({ 'pipelines/a.ts': text });
  const { plans, problems } = await compileProject(project.config);
  expect(codes(problems)).toEqual(all.map((_, i) => ['HDL-IMPURE-BODY', 'pipelines/a.ts', i + 5]));
  expect(plans.size).toBe(0);
});

test('console.log in a body is no impurity, and goes to stderr only', async () => {
  using project = tempProject({ 'pipelines/a.ts': tiny('a', "console.log('building'); add({ n: 1 });") });
  expect((await compileProject(project.config)).problems).toEqual([]);
});

test('plans that differ are refused with the first path that differs, callers of them too', async () => {
  const text = `${tiny('a', 'add({ n: started });')}const started = new Date().getFullYear();\nexport const b = pipeline({ name: 'b' }, () => { it({}); });\nexport const c = pipeline({ name: 'c' }, () => { add({ n: 2 }); });`;
  using project = tempProject({ 'pipelines/a.ts': text });
  const { plans, problems } = await compileProject(project.config);
  expect(codes(problems)).toEqual([['HDL-TWO-PLANS', 'pipelines/a.ts', 4]]);
  expect(problems[0]?.message).toContain('skeleton.body.nodes[0].input.n');
  expect([...plans.keys()]).toEqual(['c']);
});

test.each([
  ['the time zone', 'new Date(2001, 0, 1).getTime() / 1000'],
  ['the folder', 'process.cwd().length'],
  ['the environment', "(process.env['LANG'] ?? '').length + (process.env['USER'] ?? '').length"],
  ['randomness', 'Math.random()'],
])('a plan that follows from %s at import is refused', async (_, ask) => {
  using project = tempProject({ 'pipelines/a.ts': `${tiny('a', 'add({ n: found });')}const found = ${ask};` });
  const { problems } = await compileProject(project.config);
  expect(codes(problems)).toEqual([['HDL-TWO-PLANS', 'pipelines/a.ts', 4]]);
});

test('a file that needs a variable at import is refused as a plan for this machine only', async () => {
  process.env['HEDDLE_TEST_ONLY_HERE'] = '1';
  using project = tempProject({ 'pipelines/a.ts': `if (!process.env['HEDDLE_TEST_ONLY_HERE']) throw new Error('no variable');${tiny('a')}` });
  const { problems } = await compileProject(project.config);
  delete process.env['HEDDLE_TEST_ONLY_HERE'];
  expect(problems.map(({ code, message }) => [code, message.includes('no variable')])).toEqual([['HDL-TWO-PLANS', true]]);
});

test('pipelines in a circle are a problem, once', async () => {
  const text = `import { pipeline, type Pipeline } from 'heddle';
export const a: Pipeline<object, never, null> = pipeline({ name: 'a' }, () => { b.start({}); });
export const b: Pipeline<object, never, null> = pipeline({ name: 'b' }, () => { a.start({}); });`;
  using project = tempProject({ 'pipelines/a.ts': text });
  const { problems } = await compileProject(project.config);
  expect(problems.map(({ code, message }) => [code, message.split('.')[0]])).toEqual([['HDL-CALL-CYCLE', 'a calls b calls a']]);
});

test('a compiling process that ends early is explained by what it was at', async () => {
  using project = tempProject({ 'pipelines/a.ts': "console.error('bye'); process.exit(7);" });
  const { problems } = await compileProject(project.config);
  expect(problems).toMatchObject([{ code: 'HDL-COMPILER-ENDED', file: 'pipelines/a.ts', message: expect.stringMatching(/exit code 7.*bye/) }]);
});

test('a ref in a condition is found wherever it stands, and a plain value is not', async () => {
  const body = `const a = add({ n: 1 }); const plain: number = 3;
  const b = add({ n: plain === 3 && !false ? 1 : 2 }, { id: 'b' });
  while (a) break;
  for (; a; ) break;
  do { } while (!a);
  switch (a as unknown) { default: }
  const c = a || b;
  const d = (a as unknown) == (b as unknown) ? c : a;
  const given: typeof a | undefined = plain === 3 ? a : undefined;
  add({ n: (given !== undefined ? given.n : d.n) }, { id: 'e' });
  add({ n: (given ?? b).n }, { id: 'f' });`;
  using project = tempProject({ 'pipelines/a.ts': tiny('a', body) });
  const { problems } = await compileProject(project.config);
  expect(problems.map(({ code, line, message }) => [code, line, /(?:of|with) (\S+(?: :)?)/.exec(message)?.[1]])).toEqual([
    ['HDL-REF-MISUSE', 6, 'while'],
    ['HDL-REF-MISUSE', 7, 'for'],
    ['HDL-REF-MISUSE', 8, '!'],
    ['HDL-REF-MISUSE', 9, 'switch'],
    ['HDL-REF-MISUSE', 10, '||'],
    ['HDL-REF-MISUSE', 11, '=='],
  ]);
});

test('the folder of the process does not matter', async () => {
  using project = tempProject({ 'pipelines/a.ts': tiny('a') });
  const elsewhere = mkdtempSync(join(tmpdir(), 'heddle-elsewhere-'));
  const before = process.cwd();
  try {
    process.chdir(elsewhere);
    expect((await compileProject(project.config)).problems).toEqual([]);
  } finally {
    process.chdir(before);
    rmSync(elsewhere, { recursive: true });
  }
});
