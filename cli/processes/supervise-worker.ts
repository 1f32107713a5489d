/** `heddle worker` in production: a supervisor here, the worker in a process of its own, so that a blocked or crashed one comes back. */
import type { ResolvedConfig } from '../../config/resolved-config.ts';
import { superviseWorker, WorkerEnded } from '../../workers/supervisor.ts';
import type { ExitCode } from '../exit-code.ts';
import type { Output } from '../output.ts';

/** Gives the worker's exit code. What it printed itself has been on stderr already. Throws its coded error when it cannot start. */
export async function superviseUntilStopped(config: ResolvedConfig, pool: string, output: Output): Promise<ExitCode> {
  const supervisor = superviseWorker({
    pool,
    cwd: config.folder,
    ...(config.file !== null && { configFile: config.file }),
    log: (text) => {
      output.note(text);
    },
    // with --json stdout holds one line of JSON and nothing else
    ...(output.json && {
      onPrint: (text: string) => {
        process.stderr.write(text);
      },
    }),
  });
  const stop = (): void => void supervisor.stop();
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  try {
    await supervisor.ready;
  } catch (error) {
    if (!(error instanceof WorkerEnded)) throw error;
    output.document({ error: { code: null, what: error.message } });
    return codeOf(error.exitCode);
  }
  if (output.json) process.stdout.write(`${JSON.stringify({ ready: true, pool, project: config.project, pid: supervisor.pid })}\n`);
  else output.note(`a worker of pool "${pool}" is ready`);
  return codeOf(await supervisor.ended);
}

const codeOf = (code: number): ExitCode => (code === 0 || code === 2 || code === 3 ? code : 1);
