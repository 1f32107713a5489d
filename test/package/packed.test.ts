/**
 * The package as npm would deliver it: packed, unpacked into an empty folder beside its declared dependencies alone, and used
 * by a new project. What works only in a checkout (sources, dev dependencies, files outside of the tarball) fails here.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../scripts/temporal-server.mjs';
import { root } from '../cli/heddle.ts';
import { startTemporal } from '../real-parts/temporal.ts';
import { installed } from './installed.ts';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'heddle-packed-')));
const modules = join(folder, 'app', 'node_modules');
const app = join(folder, 'app');
let files: string[];

beforeAll(() => {
  execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b'], { cwd: root, stdio: 'inherit' });
  const told = execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 });
  const packed: unknown = JSON.parse(told);
  // npm 12 gives an object by name, older ones a list
  const [{ filename, files: entries }] = Object.values(packed as Record<string, { filename: string; files: { path: string }[] }>) as [
    { filename: string; files: { path: string }[] },
  ];
  files = entries.map(({ path }) => path);
  mkdirSync(modules, { recursive: true });
  execFileSync('tar', ['-xzf', join(folder, filename), '-C', folder]);
  execFileSync('mv', [join(folder, 'package'), join(modules, 'heddle')]);
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { dependencies: Record<string, string> };
  // 'node', 'typescript' and '@types/node' are what a new project declares itself
  for (const name of [...Object.keys(dependencies), 'node', 'typescript', '@types/node']) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), join(modules, name));
  }
}, 300_000);
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('the packed package', () => {
  it('holds what a user needs, and no tests, benches or sources', () => {
    for (const needed of ['bin/heddle.mjs', 'dist/cli/main.js', 'dist/dsl/index.d.ts', 'dist/workflows/index.js', 'temporal-dev/main.go', 'docs/cli.md'])
      expect(files).toContain(needed);
    expect(files.filter((file) => /^(dist\/)?(test|bench)\/|(?<!\.d)\.ts$/.test(file))).toEqual([]);
  });

  it('scaffolds a project whose pipeline type-checks, passes its test and runs on a real server', { timeout: 200_000 }, async () => {
    const heddle = installed(app);
    expect(await heddle.run(['new', 'first'])).toMatchObject({ code: 0 });
    const project = join(app, 'first');
    rmSync(join(project, 'node_modules'), { recursive: true, force: true }); // what a checkout links, if it did: here the packages above are found
    expect(existsSync(join(project, 'pipelines', 'hello.ts'))).toBe(true);
    expect(readdirSync(project)).toContain('heddle.config.ts');
    const checked = await heddle.run(['check'], project);
    expect(checked.code, checked.stderr + checked.stdout).toBe(0);
    const types = await heddle.node([join(modules, 'typescript/bin/tsc'), '--noEmit', '-p', '.'], project);
    expect(types.code, types.stdout).toBe(0);
    const tested = await heddle.node(['--test', 'test/hello.test.ts'], project);
    expect(tested.code, tested.stdout).toBe(0);

    const temporal = await startTemporal();
    const env = { HEDDLE_TEMPORAL_ADDRESS: temporal.address, HEDDLE_LISTEN: `127.0.0.1:${await freePort()}` };
    const stops: (() => Promise<void>)[] = [() => temporal.stop()];
    try {
      for (const part of ['server', 'worker']) {
        const started = await heddle.ready([part], project, env);
        stops.push(started.stop);
      }
      const ran = await heddle.run(['run', 'hello', '--wait', '--json'], project, env);
      expect(ran.code, ran.stderr).toBe(0);
      expect(JSON.parse(ran.stdout)).toMatchObject({ status: 'done' });
    } finally {
      for (const stop of stops.toReversed()) await stop();
    }
  });
});
