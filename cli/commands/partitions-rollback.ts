/** `heddle partitions rollback`: puts an earlier generation of a partition in place again. */
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import { defineCommand } from '../define-command.ts';

interface Options {
  readonly to?: number;
  readonly note?: string;
}

export const partitionsRollbackCommand = defineCommand<Options, [string]>({
  usage: 'partitions rollback <partition>',
  summary: 'put an earlier generation of DATASET@PARTITION in place again, as a new generation',
  group: 'Steer',
  examples: [
    ["heddle partitions rollback flights.features@2001-03-01 --note 'wrong units'", 'the one before'],
    ['heddle partitions rollback flights.features@2001-03-01 --to 4', 'generation 4'],
  ],
  options: (command) =>
    command.option('--to <generation>', 'this generation; default: the newest old one', Number).option('--note <text>', 'why; kept with the change'),
  async run({ output, client: connect }, { to, note }, partition) {
    const at = partition.indexOf('@');
    if (at < 1)
      throw new HeddleError('HDL-USAGE', {
        what: `"${partition}" names no partition.`,
        fix: 'Write DATASET@PARTITION, for instance flights.features@2001-03-01.',
      });
    if (to !== undefined && !(Number.isSafeInteger(to) && to > 0)) throw new HeddleError('HDL-USAGE', { what: '--to should be the number of a generation.' });
    const client = await connect();
    const done = await client.rollbackPartition(partition.slice(0, at), {
      partition: partition.slice(at + 1),
      ...(to !== undefined && { to }),
      ...(note !== undefined && { note }),
    });
    output.document(done);
    output.line(
      `${done.dataset}@${done.key} has the ${done.rows.toLocaleString('en-US')} rows of generation ${done.to} again (run ${done.runId}), as generation ${done.generation}`,
    );
  },
});
