/** docs/cli.md against the command line itself, and every command that a document or an error tells people to type. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { expect, it } from 'vitest';
import { commands } from '../../cli/commands.ts';
import { createProgram } from '../../cli/create-program.ts';
import { others } from '../../cli/doctor/probe-variables.ts';
import { variables } from '../../config/variables.ts';
import { registry } from '../../dsl/errors/registry.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const page = read('docs/cli.md');
const program = createProgram(() => Promise.resolve());
const documents = [
  'README.md',
  'ARCHITECTURE.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => join('docs', file)),
];

/** Commands that do something, with the words that call them. */
function leaves(command: Command, words: string): (readonly [string, Command])[] {
  // a command with arguments of its own may have others below it: heddle models, heddle models import
  const own: (readonly [string, Command])[] = command.commands.length === 0 || command.registeredArguments.length > 0 ? [[words, command]] : [];
  return [...own, ...command.commands.flatMap((inner) => leaves(inner, `${words} ${inner.name()}`))];
}

it.each(leaves(program, 'heddle'))('docs/cli.md has a row for %s with its options', (words, command) => {
  const rows = page.split('\n').filter((line) => line.startsWith('| `heddle ') && new RegExp(`\`${words}[ \`]`).test(line));
  const row = rows.join('\n');
  expect(row, words).not.toBe('');
  for (const { long } of command.options) {
    if (long === undefined || long === null || ['--json', '--config'].includes(long)) continue;
    expect(row, `${words} ${long}`).toMatch(new RegExp(`${long}\\b`));
  }
});

it('docs/cli.md names no option that there is not', () => {
  const known = new Set(leaves(program, 'heddle').flatMap(([, command]) => command.options.map(({ long }) => long)));
  const named = [...page.matchAll(/(?<![\w-])--[a-z][a-z-]*/g)].map(([option]) => option);
  expect(named.filter((option) => !known.has(option) && !['--help', '--import'].includes(option))).toEqual([]);
});

it('every command that documents and errors name is one', () => {
  const known = new Set(commands.map(({ usage }) => usage.split(' ')[0]));
  const texts = [
    ...documents.map((file) => [file, read(file)] as const),
    [
      'the registry',
      Object.values(registry)
        .map(({ fix }) => fix)
        .join('\n'),
    ] as const,
  ];
  const wrong = texts.flatMap(([file, text]) =>
    [...text.matchAll(/\bheddle ([a-z]+)/g)].filter(([, name]) => name !== undefined && !known.has(name)).map(([said]) => `${file}: ${said}`),
  );
  expect(wrong).toEqual([]);
});

it('docs/cli.md names every variable of the configuration, and those that doctor knows beside them', () => {
  expect([...Object.keys(variables), ...others].filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});
