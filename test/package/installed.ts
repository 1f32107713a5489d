/** Runs the `heddle` program of an unpacked package, with an environment of its own. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { cleanEnv, type Ended } from '../cli/heddle.ts';
import { part } from '../chaos/part.ts';

export interface Installed {
  run(args: readonly string[], cwd?: string, env?: Record<string, string>): Promise<Ended>;
  node(args: readonly string[], cwd?: string): Promise<Ended>;
  /** A process that says when it is ready. */
  ready(args: readonly string[], cwd: string, env: Record<string, string>): Promise<{ stop(): Promise<void> }>;
}

export function installed(app: string): Installed {
  const bin = join(app, 'node_modules', 'heddle', 'bin', 'heddle.mjs');
  const start = (args: readonly string[], cwd: string, env: Record<string, string> = {}): Promise<Ended> =>
    new Promise((resolve) => {
      const child = spawn(process.execPath, args, { cwd, env: cleanEnv(env), stdio: ['ignore', 'pipe', 'pipe'] });
      const late = setTimeout(() => child.kill('SIGKILL'), 100_000);
      let stdout = '';
      let stderr = '';
      child.stdout.on('data', (piece: Buffer) => {
        stdout += piece.toString();
      });
      child.stderr.on('data', (piece: Buffer) => {
        stderr += piece.toString();
      });
      child.on('close', (code) => {
        clearTimeout(late);
        resolve({ code, stdout, stderr });
      });
    });
  return {
    run: (args, cwd = app, env = {}) => start([bin, ...args], cwd, env),
    node: (args, cwd = app) => start(args, cwd),
    async ready(args, cwd, env) {
      const started = part(args, { cwd, env, bin });
      await started.start();
      return started;
    },
  };
}
