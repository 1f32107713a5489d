/** `heddle worker`: one pool's worker, in the foreground. Drains on SIGTERM. */
import { defineCommand } from '../define-command.ts';

export const workerCommand = defineCommand<{ readonly pool: string }>({
  usage: 'worker',
  summary: 'run a worker of a pool: it runs the tasks of this project',
  group: 'Operate',
  examples: [
    ['heddle worker', 'of pool "default"'],
    ['heddle worker --pool hadoop --json', 'one JSON line when it is ready; SIGTERM drains it'],
  ],
  options: (command) => command.option('--pool <name>', 'the pool that it serves', 'default'),
  async run({ output, config: load }, { pool }) {
    const config = await load();
    if (!(pool in config.pools)) {
      const [{ HeddleError }, { closestName }] = await Promise.all([import('../../dsl/errors/heddle-error.ts'), import('../../config/closest-name.ts')]);
      const near = closestName(pool, Object.keys(config.pools));
      throw new HeddleError('HDL-USAGE', {
        what: `The project has no pool "${pool}".${near === undefined ? '' : ` Did you mean "${near}"?`}`,
        where: config.file ?? undefined,
        fix: `Its pools: ${Object.keys(config.pools).join(', ')}.`,
      });
    }
    // a child of `heddle dev` is restarted by it; elsewhere a supervisor does that
    if (process.send) return (await import('../processes/run-worker.ts')).runWorker(config, pool);
    return (await import('../processes/supervise-worker.ts')).superviseUntilStopped(config, pool, output);
  },
});
