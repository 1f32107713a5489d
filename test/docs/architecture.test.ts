import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (file: string): string => readFileSync(join(root, file), 'utf8');

it('every path that ARCHITECTURE.md names exists', () => {
  const named = [...read('ARCHITECTURE.md').matchAll(/`([a-z][A-Za-z0-9_.-]*\/[A-Za-z0-9_./-]*)`/g)]
    .map((match) => match[1] as string)
    .filter((path) => !path.startsWith('heddle/') && !path.includes('<'));
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});

it('every link between the documents leads somewhere', () => {
  const files = [
    'README.md',
    'ARCHITECTURE.md',
    ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.md'))
      .map((file) => join('docs', file)),
  ];
  const broken: string[] = [];
  for (const file of files) {
    for (const [, target] of read(file).matchAll(/\]\(([^)#\s]+)[^)]*\)/g)) {
      if (!target || /^[a-z]+:/.test(target)) continue;
      if (!existsSync(join(root, file, '..', target))) broken.push(`${file}: ${target}`);
    }
  }
  expect(broken).toEqual([]);
});
