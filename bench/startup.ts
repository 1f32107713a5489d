/** `heddle dev` from nothing to the first finished step of a fresh project, the Temporal binary present. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../scripts/temporal-server.mjs';
import { caseOf, type BenchCase } from './report.ts';

const bin = fileURLToPath(new URL('../bin/heddle.mjs', import.meta.url));

export async function startup(): Promise<BenchCase[]> {
  const times: number[] = [];
  const count = Number(process.env['BENCH_PAIRS'] ?? 5);
  for (let i = 0; i < count; i++) {
    const folder = mkdtempSync(join(tmpdir(), 'heddle-startup-'));
    const project = join(folder, 'project');
    const made = spawnSync(process.execPath, [bin, 'new', project], { encoding: 'utf8' });
    if (made.status !== 0) throw new Error(made.stderr);
    const env = { ...process.env, HEDDLE_LISTEN: `127.0.0.1:${await freePort()}`, HEDDLE_NO_INSTALL: '1' };
    const started = performance.now();
    const dev = spawn(process.execPath, [bin, 'dev', '--json'], { cwd: project, env, stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      await new Promise<void>((resolve, reject) => {
        dev.stdout.on('data', (chunk: Buffer) => {
          if (chunk.toString().includes('ready')) resolve();
        });
        dev.on('exit', (code) => {
          reject(new Error(`heddle dev ended with ${code}`));
        });
      });
      const run = spawnSync(process.execPath, [bin, 'run', 'hello', '--wait', '--json'], { cwd: project, env, encoding: 'utf8' });
      if (run.status !== 0) throw new Error(run.stderr);
      times.push(performance.now() - started);
      process.stderr.write(`startup ${i + 1}/${count}: ${times.at(-1)?.toFixed(0)} ms\n`);
    } finally {
      const gone = new Promise((resolve) => {
        dev.on('exit', resolve);
      });
      dev.kill('SIGTERM');
      await gone;
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return [
    caseOf(
      'dev-to-first-step',
      'ms',
      times,
      times.map(() => 5000),
      1,
      'the baseline is the aim of 5 s; from the start of `heddle dev` to the end of `heddle run hello --wait`',
    ),
  ];
}
