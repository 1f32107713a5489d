/** `heddle rollback`: takes a model back: alias, and with it what scores and serves. */
import { defineCommand } from '../define-command.ts';

interface Options {
  readonly alias: string;
  readonly to?: string;
  readonly note?: string;
  readonly handOver: boolean;
}

export const rollbackCommand = defineCommand<Options, [string]>({
  usage: 'rollback <model>',
  summary: 'take a model back to its version before, with the caches and scores that follow it',
  group: 'Steer',
  examples: [
    ["heddle rollback flights.delay --note 'worse in Denver'", 'the version before; scoring and prewarming run again with it'],
    ['heddle rollback flights.delay --to 4', 'this version'],
    ['heddle rollback flights.delay --no-hand-over', 'only the alias'],
  ],
  options: (command) =>
    command
      .option('--alias <name>', 'the alias', 'champion')
      .option('--to <version>', 'this version; default: the one that stood there before')
      .option('--note <text>', 'why; kept with the change')
      .option('--no-hand-over', 'only move the alias: cancel and start no runs'),
  async run({ output, client: connect }, { alias, to, note, handOver }, name) {
    const client = await connect();
    const done = await client.rollback(name, { alias, handOver, ...(to !== undefined && { to }), ...(note !== undefined && { note }) });
    output.document(done);
    if (!output.json) {
      output.line(`${name}@${done.change.alias} is version ${done.change.to} again; it was version ${done.change.from ?? '-'}`);
      for (const runId of done.cancelled) output.line(`  cancelled  ${runId}, which ran with the version that went`);
      for (const run of done.started) output.line(`  started    ${run.pipeline} ${run.partition ?? ''} ${run.runId}`);
      for (const { pipeline, why } of done.failed) output.line(`  ${output.style('red', 'not started')} ${pipeline}: ${why}`);
    }
    return done.failed.length > 0 ? 1 : 0;
  },
});
