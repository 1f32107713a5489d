/** `heddle apply`: registers the project's pipelines, schedules and triggers with the server, after showing the difference. */
import { createInterface } from 'node:readline/promises';
import { wholeNumber } from '../arguments/whole-number.ts';
import { defineCommand } from '../define-command.ts';
import type { ExitCode } from '../exit-code.ts';
import type { CommandContext } from '../command-context.ts';
import type { Applied } from '../../api/deployments/apply-plans.ts';
import type { Client } from '../client/client.ts';

interface Options {
  readonly prune?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly to?: number;
  readonly history?: boolean;
  readonly note?: string;
}

export const applyCommand = defineCommand<Options>({
  usage: 'apply',
  summary: 'register the pipelines, schedules and triggers of the project with the server; shows the difference first',
  group: 'Operate',
  examples: [
    ['heddle apply', 'shows what would change, asks, and applies it'],
    ['heddle apply --dry-run', 'shows it alone'],
    ['heddle apply --yes --prune', 'in a pipe; pipelines that the project has no more go, too'],
    ['heddle apply --to 12', 'back to what was applied as version 12'],
    ['heddle apply --history', 'what was applied, newest first'],
  ],
  options: (command) =>
    command
      .option('--dry-run', 'show the difference, change nothing')
      .option('-y, --yes', 'do not ask')
      .option('--prune', 'remove pipelines that the project does not have any more')
      .option('--to <version>', 'go back to that version, as a new one', wholeNumber)
      .option('--history', 'list the versions')
      .option('--note <text>', 'kept with the version'),
  async run(context, options): Promise<ExitCode> {
    const { output } = context;
    const client = await context.client();
    if (options.history) return history(context, client);
    const note = options.note === undefined ? {} : { note: options.note };
    const apply = await applier(context, client, options, note);
    const shown = await apply(true);
    const changed = shown.changes.filter(({ change }) => change !== 'kept');
    if (!output.json) showChanges(context, shown);
    if (changed.length === 0) {
      output.note('nothing to do: all of it is applied');
      output.document(shown);
      return 0;
    }
    if (options.dryRun) {
      output.document(shown);
      return 0;
    }
    if (!options.yes && !(await isWanted(context))) {
      output.note('nothing was changed');
      output.document(shown);
      return 1;
    }
    const applied = await apply(false);
    output.document(applied);
    output.note(`version ${applied.deployment?.version ?? ''} is applied; runs in flight keep their plan`);
    return 0;
  },
});

async function applier(
  { config: load }: CommandContext,
  client: Client,
  options: Options,
  note: { readonly note?: string },
): Promise<(dryRun: boolean) => Promise<Applied>> {
  const { to } = options;
  if (to !== undefined) return (dryRun) => client.applyVersion(to, { dryRun, ...note });
  const [{ compileProject }, { problemsError }] = await Promise.all([import('../../compiler/compile.ts'), import('../project/compile-for-run.ts')]);
  const config = await load();
  const compiled = await compileProject(config, {});
  if (compiled.problems.length > 0) throw problemsError(compiled.problems, config.folder);
  for (const { plan, hash } of compiled.plans.values()) await client.putPlan(plan, hash);
  const plans = Object.fromEntries([...compiled.plans].map(([name, { hash }]) => [name, hash]));
  return (dryRun) => client.apply({ plans, prune: options.prune ?? false, dryRun, ...note });
}

const SIGNS = { added: '+', changed: '~', removed: '-', kept: ' ' } as const;
const COLOURS = { added: 'green', changed: 'yellow', removed: 'red', kept: 'dim' } as const;
function showChanges({ output }: CommandContext, { changes }: Applied): void {
  for (const { pipeline, change, details } of changes) {
    output.line(output.style(COLOURS[change], `${SIGNS[change]} ${pipeline}`));
    for (const detail of details) output.line(`    ${detail}`);
  }
}

/** Asks on a terminal. In a pipe nobody can answer: --yes is wanted. */
async function isWanted({ output }: CommandContext): Promise<boolean> {
  if (!output.terminal || process.stdin.isTTY !== true) {
    const { HeddleError } = await import('../../dsl/errors/heddle-error.ts');
    throw new HeddleError('HDL-USAGE', { what: 'Nobody is here to say yes.', fix: 'Give --yes, or --dry-run to see the difference alone.' });
  }
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await lines.question('Apply this? [y/N] ')).trim());
  } finally {
    lines.close();
  }
}

async function history({ output }: CommandContext, client: Client): Promise<ExitCode> {
  const found = await client.deployments(50);
  output.document(found);
  if (output.json) return 0;
  const [{ table }, { clock }] = await Promise.all([import('../show/table.ts'), import('../show/time.ts')]);
  if (found.items.length === 0) output.line('nothing was applied yet');
  else
    output.line(
      table(
        output,
        ['VERSION', 'AT', 'BY', 'PIPELINES', 'NOTE'],
        found.items.map(({ version, at, who, plans, note }) => [String(version), clock(at), who, String(Object.keys(plans).length), note ?? '']),
      ),
    );
  return 0;
}
