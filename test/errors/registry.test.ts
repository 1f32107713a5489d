import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { exitCodeOf, HeddleError } from '../../dsl/errors/heddle-error.ts';
import { registry, type ErrorCode } from '../../dsl/errors/registry.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const codes = Object.keys(registry) as ErrorCode[];

function sources(folder: string): string[] {
  return readdirSync(`${root}${folder}`, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.(ts|mjs)$/.test(entry.name))
    .map((entry) => readFileSync(`${entry.parentPath}/${entry.name}`, 'utf8'));
}
const code = [
  'dsl/authoring',
  'dsl/plan',
  'calendar',
  'planner',
  'compiler',
  'workflows',
  'activities',
  'workers',
  'catalog',
  'storage',
  'api',
  'cli',
  'config',
  'testing',
  'scripts',
]
  .flatMap(sources)
  .join('\n');
const tests =
  sources('test').join('\n') +
  readdirSync(`${root}test/mistakes`, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(`${entry.parentPath}/${entry.name}`, 'utf8'))
    .join('\n');

describe.each(codes)('%s', (name) => {
  it('has a page that shows the code, what it means and what to do', () => {
    const page = readFileSync(`${root}docs/errors/${name}.md`, 'utf8');
    expect(page).toContain(name);
    expect(page.split('\n').length).toBeGreaterThan(5);
  });
  it('is thrown somewhere', () => {
    expect(code).toMatch(new RegExp(`['"\`]${name}['"\`]`));
  });
  it('is provoked by a test', () => {
    expect(tests).toContain(name);
  });
});

it('every page belongs to a code', () => {
  const pages = readdirSync(`${root}docs/errors`)
    .filter((file) => file.startsWith('HDL-'))
    .map((file) => file.replace('.md', ''));
  expect(pages.filter((page) => !(page in registry))).toEqual([]);
});

it('a message says what, where, why and what to do, and names its page', () => {
  const error = new HeddleError('HDL-NO-TASK', { what: 'No worker has a 3.', where: 'step a', why: 'It waits.' });
  expect(error.message).toBe(
    'HDL-NO-TASK: No worker has a 3.\n  where: step a\n  why: It waits.\n  do: Start or update a worker whose project has this task and version.\n  more: docs/errors/HDL-NO-TASK.md',
  );
  expect(exitCodeOf(error)).toBe(1);
});
