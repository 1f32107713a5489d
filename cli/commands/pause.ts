/** `heddle pause`: a run starts nothing new. */
import { defineCommand } from '../define-command.ts';

export const pauseCommand = defineCommand<object, [string]>({
  usage: 'pause <run>',
  summary: 'start nothing new in a run; steps that run come to their end',
  group: 'Steer',
  examples: [['heddle pause last', 'and heddle resume last goes on']],
  async run({ output, client: connect }, _options, run) {
    const { findRun } = await import('../client/find-run.ts');
    const client = await connect();
    const summary = await client.pause(await findRun(client, run));
    output.document(summary);
    output.line(`run ${summary.runId} is ${summary.status}; go on: heddle resume ${summary.runId}`);
  },
});
