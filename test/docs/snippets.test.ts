/** Every TypeScript snippet in README and docs/ type-checks, in one run of the compiler; those of the testing kit run too. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = join(root, '.heddle', 'snippets');
const files = [
  'README.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md') && !file.startsWith('errors'))
    .map((file) => `docs/${file}`),
];
const snippets = files.flatMap((file) =>
  [...readFileSync(join(root, file), 'utf8').matchAll(/```ts\n([\s\S]*?)```/g)].map((match, i) => ({
    name: `${file.replaceAll(/[/.]/g, '-')}-${i}.ts`,
    source: match[1] as string,
  })),
);

beforeAll(() => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const { name, source } of snippets) writeFileSync(join(folder, name), `${source}export {};\n`);
  const compilerOptions = {
    target: 'es2024',
    module: 'nodenext',
    moduleResolution: 'nodenext',
    strict: true,
    skipLibCheck: true,
    noEmit: true,
    allowImportingTsExtensions: true,
    customConditions: ['heddle-source'],
    types: ['node'],
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

it('every snippet type-checks', () => {
  expect(snippets.length).toBeGreaterThan(4);
  const done = spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder], { cwd: root, encoding: 'utf8' });
  expect(done.stdout).toBe('');
});

it('the snippets about tests run as they stand', { timeout: 120_000 }, () => {
  const runnable = snippets.filter(({ source }) => source.includes('heddle/testing'));
  expect(runnable.length).toBeGreaterThan(1);
  for (const { name } of runnable) {
    const done = spawnSync(process.execPath, ['--conditions=heddle-source', join(folder, name)], { cwd: root, encoding: 'utf8' });
    expect({ name, status: done.status, failed: /Assertion failed.*/.exec(done.stdout + done.stderr)?.[0] ?? null }).toEqual({ name, status: 0, failed: null });
  }
});
