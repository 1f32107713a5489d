/** `heddle types`: what it writes makes a misspelt pool or class an error of the author's own type check. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { heddle, project, root } from './heddle.ts';

/** As `heddle new` writes it; this project has no types of Node. */
const template = readFileSync(join(root, 'cli/template/tsconfig.json.template'), 'utf8').replace('{{conditions}}', '"heddle-source"').replace('["node"]', '[]');
const task = (name: string, pool: string, klass: string): string =>
  `export const ${name} = task({ name: 't.${name}', version: '1',\n  resources: {\n    pool: '${pool}',\n    class: '${klass}' },\n  run: async () => {} });\n`;

let made: ReturnType<typeof project>;
beforeAll(() => {
  made = project({
    'package.json': '{ "type": "module" }',
    'tsconfig.json': template,
    'heddle.config.ts': `import { defineConfig } from 'heddle';\nexport default defineConfig({ pipelines: ['pipelines/*.ts'], pools: { default: { classes: { small: { slots: 2 } } }, hadoop: { classes: { small: {}, large: {} } } } });\n`,
    'pipelines/t.ts': `import { pipeline, task } from 'heddle';\n${task('good', 'hadoop', 'large')}${task('misspelt', 'hadop', 'lagre')}export const p = pipeline({ name: 't.p' }, () => { good(); misspelt(); });\n`,
  });
});
afterAll(() => made.remove());

/** Errors as 'file(line,column): what'. */
function typeCheck(): string[] {
  const { stdout } = spawnSync(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '--noEmit', '--pretty', 'false', '-p', made.folder], {
    cwd: made.folder,
    encoding: 'utf8',
  });
  return stdout.split('\n').filter((line) => line.includes('error TS'));
}

it('before it, any text is a pool; after it, a misspelt one is an error at its place', () => {
  expect(existsSync(join(made.folder, 'heddle-env.d.ts'))).toBe(false);
  expect(typeCheck()).toEqual([]);
  expect(heddle(['types'], { cwd: made.folder }).code).toBe(0);
  const errors = typeCheck();
  expect(errors).toHaveLength(2);
  expect(errors[0]).toMatch(
    /pipelines\/t\.ts\(9,5\): error TS2820: Type '"hadop"' is not assignable to type '"default" \| "hadoop" \| undefined'\. Did you mean '"hadoop"'\?/,
  );
  expect(errors[1]).toMatch(
    /pipelines\/t\.ts\(10,5\): error TS2820: Type '"lagre"' is not assignable to type '"large" \| "small" \| undefined'\. Did you mean '"large"'\?/,
  );
}, 120_000);

it('heddle check takes the file into its own type check', () => {
  const { code, stdout } = heddle(['check', '--json'], { cwd: made.folder });
  expect(code).toBe(1);
  expect(stdout).toContain('Type \'\\"lagre\\"\' is not assignable');
}, 120_000);
