/**
 * The process of `heddle worker`: starts the worker, drains on SIGTERM, ends. Arguments: --pool NAME [--config FILE]
 * [--drain-ms N]. Prints one JSON line on stdout when it is ready, or why it cannot start. Started by supervisor.ts.
 */
import { parseArgs } from 'node:util';
import { loadConfig } from '../config/load-config.ts';
import { exitCodeOf, isHeddleError } from '../dsl/errors/heddle-error.ts';
import { startWorker } from './worker.ts';

const { values } = parseArgs({ options: { pool: { type: 'string', default: 'default' }, config: { type: 'string' }, 'drain-ms': { type: 'string' } } });
try {
  const config = await loadConfig(values.config === undefined ? {} : { file: values.config });
  const drain = values['drain-ms'] ?? process.env['HEDDLE_DRAIN_MS'];
  const worker = await startWorker({ config, pool: values.pool, ownProcess: true, ...(drain !== undefined && { drainMs: Number(drain) }) });
  let stopping: Promise<void> | null = null;
  const stop = (): void => {
    stopping ??= worker.stop();
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  // Its supervisor was killed: nobody would start it again after a crash, nor stop it. It drains and ends.
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) stop();
  }, 1_000).unref();
  process.stdout.write(`${JSON.stringify({ ready: true, worker: worker.name, pool: worker.pool, tasks: worker.tasks, metricsPort: worker.metricsPort })}\n`);
  await worker.ended;
  await (stopping ?? worker.stop());
  process.exit(0);
} catch (error) {
  // its supervisor shows one with a code, in the way that its user asked for
  if (isHeddleError(error)) process.stdout.write(`${JSON.stringify({ refused: error.toJSON() })}\n`);
  else process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(exitCodeOf(error));
}
