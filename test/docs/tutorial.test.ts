/** The tutorial's mistakes, planted into the tutorial's pipeline: `heddle check` says what the page says that it says. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { checkProject } from '../../compiler/check.ts';
import { showProblem } from '../../compiler/problem.ts';
import { tempProject } from '../compiler/temp-project.ts';

const page = readFileSync(fileURLToPath(new URL('../../docs/tutorials/first-pipeline.md', import.meta.url)), 'utf8');
const pipeline = /```ts\n([\s\S]*?)```/.exec(page)?.[1] ?? '';

/** Gives the texts of the problems after a change of the pipeline; the lock is that of the unchanged one. */
async function mistakesAfter(from: string, to: string): Promise<string[]> {
  using project = tempProject({ 'pipelines/hello.ts': pipeline });
  expect((await checkProject(project.config, { write: true })).problems).toEqual([]);
  expect(pipeline).toContain(from);
  project.write('pipelines/hello.ts', pipeline.replace(from, to));
  return (await checkProject(project.config, { write: false })).problems.map(showProblem);
}

it.each([
  ['an unknown input', 'count({ text: greeting })', 'count({ texd: greeting })'],
  ['a ref of the wrong type', 'count({ text: greeting })', 'count({ text: params })'],
  ['a ref in a template', 'count({ text: greeting })', 'count({ text: `${greeting}` })'],
  ['changed code of a task', 'if (letters > most)', 'if (letters > 3 * most)'],
])('the page shows the message for %s', { timeout: 60_000 }, async (_, from, to) => {
  const told = await mistakesAfter(from, to);
  expect(told).toHaveLength(1);
  expect(page).toContain(`\`\`\`text\n${told[0]}\n`);
});
