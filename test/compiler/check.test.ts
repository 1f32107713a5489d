import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkProject } from '../../compiler/check.ts';
import { showProblem } from '../../compiler/problem.ts';
import { typecheck } from '../../compiler/typecheck.ts';
import { tempProject, tiny } from './temp-project.ts';

const brief = (problems: readonly { code: string; catcher: string; file: string | null; line: number | null }[]): unknown[] =>
  problems.map(({ code, catcher, file, line }) => [code, catcher, file, line]);

test('a good project has no problems, gives its plans and writes heddle.lock', async () => {
  using project = tempProject({ 'pipelines/a.ts': tiny('a') });
  const { problems, plans, added } = await checkProject(project.config);
  expect(problems).toEqual([]);
  expect([...plans.keys()]).toEqual(['a']);
  expect(added).toEqual(['a.add@1']);
});

test('mistakes of every catcher come in one go, in the order of files and lines', async () => {
  using project = tempProject({
    'pipelines/a.ts': tiny('a', "add({ m: 1 });\n  add({ n: Date.now() }, { id: 'b' });"),
    'pipelines/b.ts':
      "import { pipeline, z } from 'heddle';\nexport const b = pipeline({ name: 'b', schedule: { cron: '99 * * * *' } }, () => {});\nconst c: number = 'x';\nexport { c };",
    'pipelines/c.ts': tiny('c').replace("version: '1'", "version: '1', resources: { pool: 'gpu' }"),
    'heddle.lock': '{ "tasks": { "a.add@1": "sha256:0" } }',
  });
  const { problems } = await checkProject(project.config);
  expect(brief(problems)).toEqual([
    ['HDL-TASK-CHANGED', 'check', 'pipelines/a.ts', 3],
    ['HDL-TYPE', 'compiler', 'pipelines/a.ts', 4],
    ['HDL-IMPURE-BODY', 'check', 'pipelines/a.ts', 5],
    ['HDL-CRON', 'check', 'pipelines/b.ts', 2],
    ['HDL-TYPE', 'compiler', 'pipelines/b.ts', 3],
    ['HDL-UNKNOWN-POOL', 'check', 'pipelines/c.ts', 4],
  ]);
  expect(showProblem(problems[1] as never)).toMatch(/^pipelines\/a\.ts:4:\d+ {2}HDL-TYPE {2}TS\d+: .*\n {4}do: Leave out m; there are \{ n: number; \}\.$/);
});

test('a syntax error does not hide the type errors of other files', async () => {
  using project = tempProject({ 'pipelines/a.ts': 'export const = 1;', 'pipelines/b.ts': "export const n: number = 'x';" });
  const { problems } = await checkProject(project.config);
  expect([...new Set(problems.map(({ code, catcher, file }) => [code, catcher, file].join(' ')))]).toEqual([
    'HDL-TYPE compiler pipelines/a.ts',
    'HDL-TYPE compiler pipelines/b.ts',
  ]);
});

test("the author's tsconfig.json rules where there is one, and a changed one is noticed", async () => {
  using project = tempProject({ 'pipelines/a.ts': 'export const f = (x) => x;' });
  const files = [join(project.folder, 'pipelines/a.ts')];
  expect((await typecheck(project.config, files)).map(({ message }) => message.slice(0, 6))).toEqual(['TS7006']);
  const settings = (strict: boolean): void =>
    writeFileSync(
      join(project.folder, 'tsconfig.json'),
      JSON.stringify({ compilerOptions: { strict, module: 'nodenext', allowImportingTsExtensions: true, noEmit: true } }),
    );
  settings(false);
  expect(await typecheck(project.config, files)).toEqual([]);
  settings(true);
  expect((await typecheck(project.config, files)).map(({ message }) => message.slice(0, 6))).toEqual(['TS7006']);
});

test('a compiler that fails without a message that can be read is a problem, not a success', async () => {
  using project = tempProject({ 'pipelines/a.ts': 'export const n = 1;' });
  rmSync(join(project.folder, 'node_modules', 'heddle'));
  mkdirSync(join(project.folder, 'node_modules', 'typescript', 'bin'), { recursive: true });
  project.write('node_modules/typescript/package.json', '{ "name": "typescript", "version": "0.0.0" }');
  project.write('node_modules/typescript/bin/tsc', "console.log('segmentation fault'); process.exit(139);");
  expect(await typecheck(project.config, [join(project.folder, 'pipelines/a.ts')])).toMatchObject([
    { code: 'HDL-TYPE', message: expect.stringContaining('exit code 139: segmentation fault') },
  ]);
});

test('without a TypeScript compiler the check says so, and does not pass for a checked one', async () => {
  using project = tempProject({ 'pipelines/a.ts': 'export const n = 1;' });
  expect(await typecheck(project.config, [join(project.folder, 'pipelines/a.ts')], [join(project.folder, 'package.json')])).toMatchObject([
    { code: 'HDL-NO-TYPESCRIPT', fix: 'npm install --save-dev typescript' },
  ]);
});
