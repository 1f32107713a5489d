/** `heddle resume`: a paused run goes on, with --repin under the present plan. */
import { defineCommand } from '../define-command.ts';

interface Options {
  readonly repin?: boolean;
}

export const resumeCommand = defineCommand<Options, [string]>({
  usage: 'resume <run>',
  summary: 'let a paused run go on: only what failed and what follows runs',
  group: 'Steer',
  examples: [
    ['heddle resume last', 'after the cause is mended'],
    ['heddle resume last --repin', 'unfinished steps move to the pipeline as it is now'],
  ],
  options: (command) => command.option('--repin', 'compile the pipeline as it is now and move what is unfinished to it'),
  async run({ output, config: load, client: connect }, options, run) {
    const { findRun } = await import('../client/find-run.ts');
    const client = await connect();
    const runId = await findRun(client, run);
    let repin: string | undefined;
    if (options.repin) {
      const [{ compileForRun }, { uploadPlans }] = await Promise.all([import('../project/compile-for-run.ts'), import('../project/upload-plans.ts')]);
      const { hash, all } = await compileForRun(await load(), (await client.run(runId)).pipeline);
      await uploadPlans(client, all);
      repin = hash;
    }
    const summary = await client.resume(runId, repin === undefined ? {} : { repin });
    output.document(summary);
    output.line(`run ${runId} goes on${repin === undefined ? '' : ` under plan ${repin.slice(0, 12)}`}`);
  },
});
