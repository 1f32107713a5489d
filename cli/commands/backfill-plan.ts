/** `heddle backfill plan`: which partitions would be run, why, what it costs, and what becomes stale behind them. Starts nothing. */
import { collect } from '../arguments/collect.ts';
import type { JsonObject } from '../../dsl/plan/types.ts';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import { defineCommand } from '../define-command.ts';
import { wholeNumber } from '../arguments/whole-number.ts';

interface Options {
  readonly from?: string;
  readonly to?: string;
  readonly keys?: string;
  readonly where?: string[];
  readonly only?: string;
  readonly force?: boolean;
  readonly codeDrift?: boolean;
  readonly withUpstream?: boolean;
  readonly overlap?: string;
  readonly param?: string[];
  readonly concurrency?: number;
  readonly order?: string;
  readonly rate?: string;
  readonly window?: string;
  readonly budgetRuns?: number;
  readonly budgetTime?: string;
  readonly budgetSlotHours?: string;
  readonly stopAfter?: string;
}

export const backfillPlanCommand = defineCommand<Options, [string]>({
  usage: 'backfill plan <target>',
  summary: 'plan a backfill of a pipeline or dataset by the state of the data: what would run and why; starts nothing',
  group: 'Run',
  examples: [
    ['heddle backfill plan flights.features --from 2001-02-01 --to 2001-02-28', 'what of February is missing, failed or stale'],
    ['heddle backfill plan flights.features --only missing', 'from the first partition to the last that has ended'],
    ['heddle backfill plan flights.scores --with-upstream --order oldest', 'and all that it needs upstream'],
    ['heddle backfill plan flights.features --keys 2001-02-03,2001-02-07 --force', 'these two, whatever their state'],
  ],
  options: (command) =>
    command
      .option('--from <key>', 'the first partition; default: the first there is')
      .option('--to <key>', 'the last partition; default: the last that has ended')
      .option('--keys <list>', 'exactly these, with commas between')
      .option('--where <dimension=value>', 'only these values of a dimension; may be repeated', collect)
      .option('--only <kinds>', 'of what is not good, only: missing, failed, stale (with commas between)')
      .option('--force', 'run all, also those that are good')
      .option('--code-drift', 'run also those made by other code of the same version')
      .option('--with-upstream', 'plan also what has to be rebuilt upstream')
      .option('--overlap <what>', 'cells that others have in hand: share (leave them to those) or refuse', 'share')
      .option('-p, --param <name=value>', 'a parameter of each run; may be repeated', collect)
      .option('--concurrency <count>', 'cells at once, exactly; default 8', wholeNumber)
      .option('--order <order>', 'newest or oldest first; default newest')
      .option('--rate <count/time>', 'start at most so many in a time: 100/h')
      .option('--window <from-to>', 'only between these times of day: 20:00-06:00 or 20:00-06:00@Europe/Berlin')
      .option('--budget-runs <count>', 'pause after so many runs', wholeNumber)
      .option('--budget-time <time>', 'pause after that time: 8h')
      .option('--budget-slot-hours <hours>', 'pause when its steps have held slots for so many hours')
      .option('--stop-after <failures>', 'pause after so many failures in a row, or a share: 5 or 20%; default 20 in a row or 50%'),
  async run({ output, config: load, client: connect }, options, target) {
    const [{ compileProject }, { problemsError }, { parseParams }, { rulesIn }, { showBackfillPlan }] = await Promise.all([
      import('../../compiler/compile.ts'),
      import('../project/compile-for-run.ts'),
      import('../arguments/parse-params.ts'),
      import('../arguments/backfill-rules.ts'),
      import('../show/backfill-plan.ts'),
    ]);
    const config = await load();
    const compiled = await compileProject(config, {});
    if (compiled.problems.length > 0) throw problemsError(compiled.problems, config.folder);
    const own = compiled.plans.get(target);
    const params = own ? parseParams(target, own.plan.contracts.params, options.param ?? []) : {};
    const client = await connect();
    for (const { plan, hash } of compiled.plans.values()) await client.putPlan(plan, hash);
    const where: Record<string, string[]> = {};
    for (const pair of options.where ?? []) {
      const [, name = '', value = ''] = /^([^=]+)=(.+)$/.exec(pair) ?? [];
      if (name === '') throw new HeddleError('HDL-USAGE', { what: `--where ${pair} is no dimension=value.`, fix: 'Write for instance --where wiki=en.' });
      (where[name] ??= []).push(value);
    }
    const body = {
      ...(own ? { pipeline: target } : { dataset: target }),
      plans: Object.fromEntries([...compiled.plans].map(([name, { hash }]) => [name, hash])),
      params,
      ...(options.from !== undefined && { from: options.from }),
      ...(options.to !== undefined && { to: options.to }),
      ...(options.keys !== undefined && { keys: options.keys.split(',').map((key) => key.trim()) }),
      ...(Object.keys(where).length > 0 && { where }),
      ...(options.only !== undefined && { only: options.only.split(',').map((kind) => kind.trim()) }),
      ...(options.force && { force: true }),
      ...(options.codeDrift && { codeDrift: true }),
      ...(options.withUpstream && { withUpstream: true }),
      ...(options.overlap !== undefined && { overlap: options.overlap }),
      ...rulesIn(options),
    } as unknown as JsonObject; // checked by the server
    const backfill = await client.planBackfill(body);
    output.document(backfill);
    if (!output.json) showBackfillPlan(output, backfill);
  },
});
