import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startWorkerKit, until, type WorkerKit } from './worker-kit.ts';

let kit: WorkerKit;
beforeAll(async () => {
  kit = await startWorkerKit();
});
afterAll(async () => {
  await kit.stop();
});

const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

it('a worker process whose supervisor is killed drains and ends by itself', async () => {
  const project = kit.project('orphan', `export const one = task({ name: 'o.one', version: '1', output: z.number(), run: async () => 1 });`);
  writeFileSync(
    join(project.folder, 'heddle.config.ts'),
    `import { defineConfig } from ${JSON.stringify(file('../../dsl/index.ts'))};\nexport default defineConfig({ project: ${JSON.stringify(project.config.project)}, pipelines: ['pipelines/*.ts'] });\n`,
  );
  const args = ['--conditions=heddle-source', file('../../workers/worker-process.ts'), '--pool', 'default', '--drain-ms', '500'];
  const parent = spawn(
    process.execPath,
    [
      '-e',
      `const c = require('node:child_process').spawn(process.execPath, ${JSON.stringify(args)}, { stdio: ['ignore', 'inherit', 'inherit'] }); console.log(JSON.stringify({ pid: c.pid })); setInterval(() => {}, 1000);`,
    ],
    {
      cwd: project.folder,
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, HEDDLE_TEMPORAL_ADDRESS: kit.temporal.address, HEDDLE_SERVER: 'http://127.0.0.1:9' },
    },
  );
  try {
    let said = '';
    parent.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    await until('the worker is ready', () => said.includes('"ready":true'), 50_000);
    const pid = Number(/"pid":(\d+)/.exec(said)?.[1]);
    expect(alive(pid)).toBe(true);
    parent.kill('SIGKILL');
    await until('the orphan is gone', () => !alive(pid), 30_000);
  } finally {
    parent.kill('SIGKILL');
  }
});
