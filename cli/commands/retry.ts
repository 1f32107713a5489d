/** `heddle retry`: runs again what failed in a run that is over, under the same run id. */
import { defineCommand } from '../define-command.ts';

interface Options {
  readonly repin?: boolean;
  readonly wait?: boolean;
}

export const retryCommand = defineCommand<Options, [string]>({
  usage: 'retry <run>',
  summary: 'run again what failed or was cancelled, and what follows; finished steps keep their outputs',
  group: 'Steer',
  examples: [
    ['heddle retry last --wait', 'the same plan'],
    ['heddle retry last --repin', 'the pipeline as it is now'],
  ],
  options: (command) =>
    command
      .option('--repin', 'compile the pipeline as it is now and use that plan')
      .option('-w, --wait', 'follow the run; exit with 0 when it is done, 1 when not'),
  async run({ output, config: load, client: connect }, options, run) {
    const { findRun } = await import('../client/find-run.ts');
    const client = await connect();
    const runId = await findRun(client, run);
    let planHash: string | undefined;
    if (options.repin) {
      const [{ compileForRun }, { uploadPlans }] = await Promise.all([import('../project/compile-for-run.ts'), import('../project/upload-plans.ts')]);
      const { hash, all } = await compileForRun(await load(), (await client.run(runId)).pipeline);
      await uploadPlans(client, all);
      planHash = hash;
    }
    const summary = await client.retry(runId, planHash === undefined ? {} : { planHash });
    output.note(`run ${runId} runs again`);
    if (!options.wait) return output.document(summary);
    const { followRun, exitCodeOfRun } = await import('../show/follow-run.ts');
    const ended = await followRun(client, runId, output);
    output.document(ended);
    return exitCodeOfRun(ended);
  },
});
