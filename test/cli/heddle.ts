/** Runs bin/heddle.mjs as a user does, and makes projects for it. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));
export const bin = join(root, 'bin', 'heddle.mjs');

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Variables of Heddle that the tests' own environment may have are left out. */
export function cleanEnv(env: Record<string, string> = {}): Record<string, string> {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('HEDDLE_') || ['HEDDLE_TEMPORAL_BINARY', 'HEDDLE_CACHE'].includes(name));
  return { ...(Object.fromEntries(kept) as Record<string, string>), NO_COLOR: '1', ...env };
}

export function heddle(args: readonly string[], options: { cwd?: string; env?: Record<string, string>; input?: string } = {}): Ended {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], {
    cwd: options.cwd ?? tmpdir(),
    env: cleanEnv(options.env),
    encoding: 'utf8',
    timeout: 100_000,
    ...(options.input !== undefined && { input: options.input }),
  });
  return { code: status, stdout, stderr };
}

/** The same without holding up this process, whose own servers can then answer. */
export function heddleAsync(args: readonly string[], options: { cwd?: string; env?: Record<string, string> } = {}): Promise<Ended> {
  return new Promise((resolve) => {
    const child = startHeddle(args, options);
    const late = setTimeout(() => child.kill('SIGKILL'), 100_000);
    let stdout = '';
    let stderr = '';
    child.stdout?.on('data', (piece: Buffer) => {
      stdout += piece.toString();
    });
    child.stderr?.on('data', (piece: Buffer) => {
      stderr += piece.toString();
    });
    child.on('close', (code) => {
      clearTimeout(late);
      resolve({ code, stdout, stderr });
    });
  });
}

export const startHeddle = (args: readonly string[], options: { cwd?: string; env?: Record<string, string>; bin?: string } = {}): ChildProcess =>
  spawn(process.execPath, [options.bin ?? bin, ...args], { cwd: options.cwd ?? tmpdir(), env: cleanEnv(options.env), stdio: ['ignore', 'pipe', 'pipe'] });

/** A folder with these files, and 'heddle' resolvable from it. */
export function project(files: Readonly<Record<string, string>>): { readonly folder: string; remove(): void } {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'heddle-cli-')));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(root, join(folder, 'node_modules', 'heddle'));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return {
    folder,
    remove() {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export const config = "import { defineConfig } from 'heddle';\nexport default defineConfig({ project: 'p', pipelines: ['pipelines/*.ts'] });\n";
export const hello = `import { pipeline, task, z } from 'heddle';
export const greet = task({ name: 'greet', version: '1', input: z.object({ name: z.string(), times: z.int() }), output: z.object({ text: z.string() }), run: async ({ name }) => ({ text: name }) });
export const hello = pipeline({ name: 'hello', params: z.object({ name: z.string().default('x'), times: z.int().default(1) }) }, ({ params }) => greet({ name: params.name, times: params.times }));
`;
