import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { compileProject } from '../../compiler/compile.ts';
import { checkLock, type LockOptions, type LockReport } from '../../compiler/lock.ts';
import { tempProject, type TempProject } from './temp-project.ts';

const file = (one: string, two: string, shared = '1'): string => `
import { task, pipeline, z } from 'heddle';
import { factor } from '../lib/factor.ts';
const Row = z.object({ n: z.number() });
const bonus = ${shared};
export const one = task({ name: 'one', version: '1', input: Row, output: Row, run: async ({ n }) => ({ n: ${one} }) });
export const two = task({ name: 'two', version: '1', input: Row, output: Row, run: async ({ n }) => ({ n: (${two}) * factor + bonus }) });
export const it = pipeline({ name: 'it' }, () => { two({ n: one({ n: 1 }).n }); });
`;
const check = (project: TempProject, options: LockOptions = {}): Promise<LockReport> => {
  const file = join(project.folder, 'pipelines/a.ts');
  const text = readFileSync(file, 'utf8');
  const found = [...text.matchAll(/export const (\w+) = (?:task|command)\(\{ name: '(\w+)', version: '(\d+)'(?:, argv: \['(.*?)'\])?/g)];
  const tasks = found.map(([, exportName = '', name = '', version = '', argv]) => ({
    name,
    version,
    file,
    exportName,
    place: `${file}:1:1`,
    command: argv?.split("', '") ?? null,
  }));
  return checkLock(tasks, project.folder, options);
};
const changed = ({ problems }: LockReport): string[] => problems.map(({ code, message }) => `${code} ${/task (\S+)/.exec(message)?.[1]}`);
const start = (): TempProject =>
  tempProject({ 'lib/factor.ts': 'export const factor = 2;\nexport const unused = 3;', 'pipelines/a.ts': file('n + 1', 'n + 2') });

test('new tasks are added to heddle.lock, which is sorted JSON', async () => {
  using project = start();
  expect(await check(project)).toEqual({ problems: [], added: ['one@1', 'two@1'], accepted: [] });
  expect(JSON.parse(readFileSync(join(project.folder, 'heddle.lock'), 'utf8'))).toEqual({
    tasks: { 'one@1': expect.stringMatching(/^sha256:[0-9a-f]{64}$/), 'two@1': expect.stringMatching(/^sha256:/) },
  });
  expect(await check(project)).toEqual({ problems: [], added: [], accepted: [] });
});

test('comments, formatting, other tasks and what is not reached change no digest', async () => {
  using project = start();
  await check(project);
  project.write(
    'pipelines/a.ts',
    `// a comment\n${file('n  +  1', 'n + 2').replaceAll('\n', '\n\n')}export const three = task({ name: 'three', version: '1', output: Row, run: async () => ({ n: 3 }) });`,
  );
  project.write('lib/factor.ts', 'export const factor = 2;\nexport const unused = 4;');
  expect(await check(project)).toEqual({ problems: [], added: ['three@1'], accepted: [] });
});

test('a changed body asks for the one task that changed, with both ways out', async () => {
  using project = start();
  await check(project);
  project.write('pipelines/a.ts', file('n + 5', 'n + 2'));
  const report = await checkLock((await compileProject(project.config)).tasks, project.folder);
  expect(changed(report)).toEqual(['HDL-TASK-CHANGED one@1']);
  expect(report.problems[0]).toMatchObject({ file: 'pipelines/a.ts', line: 6, fix: expect.stringMatching(/heddle check --accept one\..*raise version '1'/) });
});

test.each([
  ['a module that it imports', (project: TempProject) => project.write('lib/factor.ts', 'export const factor = 3;')],
  ['a constant of its file', (project: TempProject) => project.write('pipelines/a.ts', file('n + 1', 'n + 2', '7'))],
])('a change in %s changes the tasks that reach it', async (_, change) => {
  using project = start();
  await check(project);
  change(project);
  expect(changed(await check(project))).toEqual(['HDL-TASK-CHANGED two@1']);
});

test('an accepted change is written, a new version needs no acceptance, and an unknown name is refused', async () => {
  using project = start();
  await check(project);
  project.write('pipelines/a.ts', file('n + 5', 'n + 2'));
  expect(await check(project, { accept: ['one'] })).toEqual({ problems: [], added: [], accepted: ['one@1'] });
  project.write('pipelines/a.ts', file('n + 6', 'n + 2').replace("'one', version: '1'", "'one', version: '2'"));
  expect(await check(project)).toEqual({ problems: [], added: ['one@2'], accepted: [] });
  expect((await check(project, { accept: ['nothing'] })).problems).toMatchObject([{ message: 'There is no task "nothing" to accept.' }]);
});

test('without write the file stays as it is', async () => {
  using project = start();
  await check(project, { write: false });
  expect(() => readFileSync(join(project.folder, 'heddle.lock'))).toThrow('ENOENT');
});

test('a locked dependency of another version changes the tasks that import it', async () => {
  using project = start();
  project.write('node_modules/adder/package.json', '{ "name": "adder", "version": "1.0.0", "type": "module", "exports": "./i.js" }');
  project.write('node_modules/adder/i.js', 'export const add = (n) => n;');
  project.write('lib/factor.ts', "// @ts-ignore\nimport { add } from 'adder';\nexport const factor = add(2);");
  await check(project);
  project.write('node_modules/adder/package.json', '{ "name": "adder", "version": "1.0.1", "type": "module", "exports": "./i.js" }');
  expect(changed(await check(project))).toEqual(['HDL-TASK-CHANGED two@1']);
  project.write('package-lock.json', '{ "packages": { "node_modules/adder": { "version": "1.0.0" } } }');
  expect(changed(await check(project))).toEqual([]);
});

test('the script of a command task is its code', async () => {
  using project = tempProject({
    'score.py': 'print(1)',
    'pipelines/a.ts':
      "import { command, pipeline } from 'heddle';\nexport const score = command({ name: 'score', version: '1', argv: ['python3', 'score.py'] });\nexport const it = pipeline({ name: 'it' }, () => { score({}); });",
  });
  await check(project);
  project.write('score.py', 'print(2)');
  expect(changed(await check(project))).toEqual(['HDL-TASK-CHANGED score@1']);
});

test.each(['{', '[]', '{ "tasks": [] }', '{ "tasks": { "one@1": 3 } }'])('a heddle.lock of %s is a problem and is not overwritten', async (text) => {
  using project = start();
  project.write('heddle.lock', text);
  expect((await check(project)).problems).toMatchObject([{ code: 'HDL-LOCK-INVALID', file: 'heddle.lock' }]);
  expect(readFileSync(join(project.folder, 'heddle.lock'), 'utf8')).toBe(text);
});

test('files that a task loads by their URL are part of its code: threads with what they import, modules of formulas, data', async () => {
  const task = (name: string, body: string): string =>
    `export const ${name} = task({ name: '${name}', version: '1', output: z.object({ n: z.number() }), run: async () => ({ n: await ${body} }) });\n`;
  using project = tempProject({
    'lib/factor.ts': 'export const factor = 2;',
    'lib/thread.ts': "import { factor } from './factor.ts';\nimport { parentPort } from 'node:worker_threads';\nparentPort?.postMessage(factor);",
    // a thread of the published package is .js, of the sources .ts
    'lib/pool.ts': `import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
export const started = async (): Promise<number> => { new Worker(new URL(\`./thread\${extname(import.meta.url)}\`, import.meta.url)); return 1; };
export const again = async (): Promise<number> => { new Worker(new URL('./again.ts', import.meta.url)); return 1; };`,
    // starts itself
    'lib/again.ts': "import { Worker } from 'node:worker_threads';\nexport const go = () => new Worker(new URL('./again.ts', import.meta.url));",
    'lib/table.json': '[1]',
    'pipelines/a.ts': `import { task, z } from 'heddle';
import { again, started } from '../lib/pool.ts';
${task('threaded', 'started()')}${task('twice', 'again()')}${task('alone', '1')}${task('loads', "import(new URL('../lib/table.json', import.meta.url).href)")}`,
  });
  await check(project);
  expect(changed(await check(project))).toEqual([]);
  project.write('lib/factor.ts', '// only a comment\nexport const factor = 2;');
  expect(changed(await check(project))).toEqual([]);
  project.write('lib/factor.ts', 'export const factor = 3;');
  expect(changed(await check(project))).toEqual(['HDL-TASK-CHANGED threaded@1']);
  project.write('lib/factor.ts', 'export const factor = 2;');
  project.write('lib/table.json', '[2]');
  expect(changed(await check(project))).toEqual(['HDL-TASK-CHANGED loads@1']);
  project.write('lib/table.json', '[1]');
  project.write('lib/again.ts', "import { Worker } from 'node:worker_threads';\nexport const go = () => [new Worker(new URL('./again.ts', import.meta.url))];");
  expect(changed(await check(project))).toEqual(['HDL-TASK-CHANGED twice@1']);
});
