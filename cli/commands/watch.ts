/** `heddle watch`: follows a run to its end. */
import { defineCommand } from '../define-command.ts';

interface Options {
  readonly all?: boolean;
}

export const watchCommand = defineCommand<Options, [string]>({
  usage: 'watch <run>',
  summary: 'follow a run to its end',
  group: 'Look',
  examples: [
    ['heddle watch last', 'redrawn on a terminal, a line a change in a pipe'],
    ['heddle watch 01K3XQ... && echo done', "the exit code is the run's"],
  ],
  options: (command) => command.option('-a, --all', 'do not fold the items of maps'),
  async run({ output, client: connect }, options, run) {
    const [{ findRun }, { followRun, exitCodeOfRun }] = await Promise.all([import('../client/find-run.ts'), import('../show/follow-run.ts')]);
    const client = await connect();
    const ended = await followRun(client, await findRun(client, run), output, options);
    output.document(ended);
    return exitCodeOfRun(ended);
  },
});
