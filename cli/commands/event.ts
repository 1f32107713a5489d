/** `heddle event`: sends an outside event to a run that waits for it. */
import { defineCommand } from '../define-command.ts';

export const eventCommand = defineCommand<{ readonly payload?: string; readonly payloadFile?: string }, [string, string]>({
  usage: 'event <run> <event>',
  summary: 'send an outside event to a run that waits for it',
  group: 'Steer',
  examples: [
    ['heddle event last labels.ready --payload \'{"rows": 120}\'', 'checked against the schema in the pipeline'],
    ['cat labels.json | heddle event last labels.ready --payload-file -', 'from stdin'],
  ],
  options: (command) =>
    command.option('--payload <json>', 'the payload as JSON; default null').option('--payload-file <file>', 'the payload from a file; - for stdin'),
  async run({ output, client: connect }, options, run, event) {
    const [{ findRun }, { parseJson, readJsonFile }] = await Promise.all([import('../client/find-run.ts'), import('../arguments/read-json-file.ts')]);
    const payload = options.payloadFile !== undefined ? readJsonFile(options.payloadFile) : parseJson(options.payload ?? 'null', '--payload');
    const client = await connect();
    const summary = await client.event(await findRun(client, run), event, payload);
    output.document(summary);
    output.line(`event ${event} was sent to run ${summary.runId}`);
  },
});
