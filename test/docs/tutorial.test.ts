/** The tutorial's mistakes, planted into the tutorial's pipeline: `heddle check` says what the page says that it says. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { checkProject } from '../../compiler/check.ts';
import { showProblem } from '../../compiler/problem.ts';
import { tempProject } from '../compiler/temp-project.ts';

const page = readFileSync(fileURLToPath(new URL('../../docs/tutorials/first-pipeline.md', import.meta.url)), 'utf8');
const pipeline = /```ts\n([\s\S]*?)```/.exec(page)?.[1] ?? '';

const project = tempProject({ 'pipelines/hello.ts': pipeline });
afterAll(() => {
  project[Symbol.dispose]();
});

it('the pipeline of the page has no mistake, and its lock is written', { timeout: 180_000 }, async () => {
  const { problems, added } = await checkProject(project.config, { write: true });
  expect({ problems, added: [...added].sort() }).toEqual({ problems: [], added: ['check@1', 'count@1', 'greet@1'] });
});

it.each([
  ['an unknown input', 'count({ text: greeting })', 'count({ texd: greeting })'],
  ['a ref of the wrong type', 'count({ text: greeting })', 'count({ text: params })'],
  ['a ref in a template', 'count({ text: greeting })', 'count({ text: `${greeting}` })'],
  ['changed code of a task', 'if (letters > most)', 'if (letters > 3 * most)'],
])('the page shows the message for %s', { timeout: 180_000 }, async (_, from, to) => {
  expect(pipeline).toContain(from);
  project.write('pipelines/hello.ts', pipeline.replace(from, to));
  const told = (await checkProject(project.config, { write: false })).problems.map(showProblem);
  expect(told).toHaveLength(1);
  expect(page).toContain(`\`\`\`text\n${told[0]}\n`);
});
