/** `heddle run`: compiles, sends the plans, starts a run, and with --wait follows it to its end. */
import { collect } from '../arguments/collect.ts';
import type { RunPart } from '../../dsl/contract/api.ts';
import type { JsonObject } from '../../dsl/plan/types.ts';
import type { Client } from '../client/client.ts';
import { defineCommand } from '../define-command.ts';

interface Options {
  readonly param?: string[];
  readonly paramsFile?: string;
  readonly partition?: string;
  readonly key?: string;
  readonly wait?: boolean;
  readonly cache: boolean;
  readonly from?: string;
  readonly to?: string;
  readonly reuse?: string;
}

export const runCommand = defineCommand<Options, [string]>({
  usage: 'run <pipeline>',
  summary: 'start a run of a pipeline',
  group: 'Run',
  examples: [
    ['heddle run hello --wait', "start and follow; the exit code is the run's"],
    ['heddle run flights.train --partition 2001-03-01', 'for one partition'],
    ["heddle run wiki --partition day=2001-03-01,wiki=en --param 'rates=[0.1]'", 'several dimensions, a parameter as JSON'],
    ['heddle run hello --key order-17 --json', 'the same key gives the same run'],
    [
      'heddle run flights.train --partition 2001-03-01 --from flights.evaluate --reuse last',
      'this step and what follows; the others take over what the last run made',
    ],
    ['heddle run flights.train --partition 2001-03-01 --to flights.build_dataset', 'this step and what it needs, no more'],
  ],
  options: (command) =>
    command
      .option('-p, --param <name=value>', 'a parameter, as JSON or text by its type; may be repeated', collect)
      .option('--params-file <file>', 'parameters as a JSON object; - for stdin')
      .option('--partition <key>', 'the partition: a key, or dimension=key,...')
      .option('--key <key>', 'start at most one run under this key, for good')
      .option('--no-cache', 'run every step, also those whose result another run has')
      .option('--from <step>', 'run this step and what follows from it; needs --reuse')
      .option('--to <step>', 'run this step and what it needs, and no more')
      .option('--reuse <run>', 'a run whose finished steps are taken over, for those before --from; "last" for the newest')
      .option('-w, --wait', 'follow the run; exit with 0 when it is done, 1 when not'),
  async run({ output, config: load, client: connect }, options, pipeline) {
    const [{ compileForRun }, { uploadPlans }, { parseParams }, { parsePartition }, { readJsonFile }] = await Promise.all([
      import('../project/compile-for-run.ts'),
      import('../project/upload-plans.ts'),
      import('../arguments/parse-params.ts'),
      import('../arguments/parse-partition.ts'),
      import('../arguments/read-json-file.ts'),
    ]);
    const config = await load();
    const base = options.paramsFile === undefined ? {} : readJsonFile(options.paramsFile);
    if (typeof base !== 'object' || base === null || Array.isArray(base)) {
      const { HeddleError } = await import('../../dsl/errors/heddle-error.ts');
      throw new HeddleError('HDL-BAD-PARAMS', { what: 'The parameters are not a JSON object.', where: options.paramsFile });
    }
    const { plan, hash, all } = await compileForRun(config, pipeline);
    const params = parseParams(pipeline, plan.contracts.params, options.param ?? [], base as JsonObject); // neither null nor an array: tested above
    const partition = parsePartition(plan, options.partition);
    const client = await connect();
    await uploadPlans(client, all);
    const part = await partOf(client, pipeline, options);
    const run = await client.startRun({
      pipeline,
      planHash: hash,
      params,
      partition,
      ...(options.key !== undefined && { key: options.key }),
      ...(!options.cache && { cache: false }),
      ...(part && { part }),
    });
    const say = run.existed ? `run ${run.runId} has this key already; it is ${run.status}` : `run ${run.runId} started`;
    if (!options.wait) {
      output.line(run.runId);
      output.note(`${say}; follow it: heddle watch ${run.runId}`);
      output.document(run);
      return 0;
    }
    output.note(say);
    const { followRun, exitCodeOfRun } = await import('../show/follow-run.ts');
    const ended = await followRun(client, run.runId, output);
    output.document(ended);
    return exitCodeOfRun(ended);
  },
});

/** The part that the options name; null: all of the pipeline. */
async function partOf(client: Client, pipeline: string, { from, to, reuse }: Options): Promise<RunPart | null> {
  if (from === undefined && to === undefined && reuse === undefined) return null;
  if ((from === undefined) !== (reuse === undefined)) {
    const { HeddleError } = await import('../../dsl/errors/heddle-error.ts');
    throw new HeddleError('HDL-USAGE', {
      what:
        from === undefined
          ? '--reuse takes over the steps before --from, and there is no --from.'
          : '--from needs --reuse RUN: the run whose results the steps before it take over.',
      fix: from === undefined ? 'Name the step to begin with: --from STEP.' : 'Name it, or "last" for the newest run of the pipeline.',
    });
  }
  const last = reuse === 'last' ? (await client.runs({ pipeline, limit: 1 })).items[0]?.runId : reuse;
  return { ...(from !== undefined && { from }), ...(to !== undefined && { to }), ...(reuse !== undefined && { reuse: last ?? reuse }) };
}
