import { expect, test } from 'vitest';
import { findFiles } from '../../compiler/find-files.ts';
import { loadProject } from '../../compiler/load-project.ts';
import { tempProject, tiny } from './temp-project.ts';

const brief = ({ code, file, line, column }: { code: string; file: string | null; line: number | null; column: number | null }): unknown[] => [
  code,
  file,
  line,
  column,
];

test('pipelines and tasks are found by the globs, in folders too, each with its file and export', async () => {
  using project = tempProject({ 'pipelines/a.ts': tiny('a'), 'pipelines/deep/er/b.ts': tiny('b'), 'other/c.ts': tiny('c') });
  const { pipelines, tasks, problems } = await loadProject(project.config);
  expect(problems).toEqual([]);
  expect([...pipelines].map(([name, { file, exportName }]) => [name, file, exportName])).toEqual([
    ['a', `${project.folder}/pipelines/a.ts`, 'it'],
    ['b', `${project.folder}/pipelines/deep/er/b.ts`, 'it'],
  ]);
  expect([...tasks.keys()]).toEqual(['a.add@1', 'b.add@1']);
  await expect(tasks.get('a.add@1')?.value.run?.({ n: 1 }, {} as never)).resolves.toEqual({ n: 2 });
});

test('tests, declarations and dependencies are no pipeline files', () => {
  using project = tempProject({
    'pipelines/a.ts': '',
    'pipelines/a.test.ts': '',
    'pipelines/types.d.ts': '',
    'pipelines/node_modules/x/i.ts': '',
    'pipelines/data.csv': '',
  });
  expect(findFiles(project.folder, ['pipelines/**/*'])).toEqual([`${project.folder}/pipelines/a.ts`]);
});

test('tasks that steps use and pipelines that are called are loaded without being exported', async () => {
  const lib = `import { pipeline, task, z } from 'heddle';
const hidden = task({ name: 'hidden', version: '2', output: z.object({ n: z.int() }) });
export const inner = pipeline({ name: 'inner' }, () => { hidden({}); });`;
  using project = tempProject({
    'lib/inner.ts': lib,
    'pipelines/a.ts': `import { pipeline } from 'heddle';\nimport { inner } from '../lib/inner.ts';\nexport const outer = pipeline({ name: 'outer' }, () => { inner({}); });`,
  });
  const { pipelines, tasks, problems } = await loadProject(project.config);
  expect(problems).toEqual([]);
  expect([...pipelines.keys()]).toEqual(['outer', 'inner']);
  expect(tasks.get('hidden@2')).toMatchObject({ file: `${project.folder}/lib/inner.ts`, exportName: null });
});

test('two pipelines of one name are a problem with both places', async () => {
  using project = tempProject({ 'pipelines/a.ts': tiny('same'), 'pipelines/b.ts': tiny('same') });
  const { problems } = await loadProject(project.config);
  expect(problems.map(brief)).toEqual(
    [
      ['HDL-DUPLICATE-PIPELINE', 'pipelines/b.ts', 4, 19],
      ['HDL-DUPLICATE-TASK', 'pipelines/b.ts', 3, 20],
    ].sort((a, b) => problems.findIndex(({ code }) => code === a[0]) - problems.findIndex(({ code }) => code === b[0])),
  );
  expect(problems.find(({ code }) => code === 'HDL-DUPLICATE-PIPELINE')?.message).toBe('Two pipelines are called "same": here and at pipelines/a.ts:4:19.');
});

test('a pipeline that is not exported is a problem at its declaration', async () => {
  using project = tempProject({ 'pipelines/a.ts': `${tiny('a')}const lost = pipeline({ name: 'lost' }, () => { add({ n: 1 }); });\n` });
  const { problems } = await loadProject(project.config);
  expect(problems.map(brief)).toEqual([['HDL-NOT-EXPORTED', 'pipelines/a.ts', 5, 14]]);
});

test('globs that match nothing are a problem', async () => {
  using project = tempProject({});
  const { problems } = await loadProject(project.config);
  expect(problems.map(({ code, message }) => [code, message])).toEqual([['HDL-NO-FILES', 'No file matches pipelines/**/*.ts.']]);
});
