/** `heddle plan`: what a run would do, why, and how long the like took before. */
import { collect } from '../arguments/collect.ts';
import { defineCommand } from '../define-command.ts';

interface Options {
  readonly partition?: string;
  readonly param?: string[];
}

export const planCommand = defineCommand<Options, [string]>({
  usage: 'plan <pipeline>',
  summary: 'show what a run would do: steps in order, pools, what is pinned, an estimate',
  group: 'Write',
  examples: [
    ['heddle plan flights.train', 'nothing is started'],
    ['heddle plan flights.train --partition 2001-03-01', 'with what was done for it before'],
  ],
  options: (command) =>
    command
      .option('--partition <key>', 'for this partition')
      .option('-p, --param <name=value>', 'a parameter, checked as heddle run does; may be repeated', collect),
  async run({ output, config: load, client: connect }, options, pipeline) {
    const [{ compileForRun }, { parseParams }, { parsePartition }, { describePlan }, { earlierRuns, estimateText }] = await Promise.all([
      import('../project/compile-for-run.ts'),
      import('../arguments/parse-params.ts'),
      import('../arguments/parse-partition.ts'),
      import('../../compiler/describe-plan.ts'),
      import('../project/earlier-runs.ts'),
    ]);
    const { plan, hash, all } = await compileForRun(await load(), pipeline);
    const params = parseParams(pipeline, plan.contracts.params, options.param ?? []);
    const partition = options.partition === undefined ? null : parsePartition(plan, options.partition);
    const earlier = await earlierRuns(await connect(), pipeline, partition === null ? null : Object.values(partition).join('|'));
    output.document({ pipeline, hash, params, partition, calls: [...all.keys()].filter((name) => name !== pipeline), earlier, plan });
    if (output.json) return;
    output.line(describePlan(plan, hash));
    for (const line of estimateText(earlier, hash)) output.line(`  ${line}`);
  },
});
