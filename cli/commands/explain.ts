/** `heddle explain`: why a step waits, ran or was left out. */
import { defineCommand } from '../define-command.ts';

export const explainCommand = defineCommand<object, [string, string]>({
  usage: 'explain <run> <step>',
  summary: 'say why a step waits, ran, failed or was skipped',
  group: 'Look',
  examples: [
    ['heddle explain last train', 'in the newest run'],
    ["heddle explain 01K3XQ... 'trials[0.01].train'", 'an item of a map'],
  ],
  async run({ output, client: connect }, _options, run, step) {
    const [{ findRun }, { statusStyle }] = await Promise.all([import('../client/find-run.ts'), import('../show/status-style.ts')]);
    const client = await connect();
    const explanation = await client.explain(await findRun(client, run), step);
    output.document(explanation);
    if (output.json) return;
    output.line(`${output.style('bold', explanation.step)}  ${output.style(statusStyle(explanation.status), explanation.status)}`);
    for (const reason of explanation.because) output.line(`  ${reason}`);
    if (explanation.place !== null) output.line(`  ${output.style('dim', `written at ${explanation.place}`)}`);
  },
});
