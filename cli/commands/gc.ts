/** `heddle gc`: what nobody needs any more, listed; with --yes, removed. */
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import { defineCommand } from '../define-command.ts';

export const gcCommand = defineCommand<{ readonly dryRun?: boolean; readonly yes?: boolean }>({
  usage: 'gc',
  summary: 'list what nobody needs any more: stagings, old generations, expired partitions, files of old runs, logs; or remove it',
  group: 'Operate',
  examples: [
    ['heddle gc', 'what would go, how much, and why'],
    ['heddle gc --yes', 'remove it'],
    ['heddle gc --json', 'the same list, for a program'],
  ],
  options: (command) => command.option('--dry-run', 'only list; the default').option('--yes', 'remove what is listed'),
  async run({ output, client: connect }, { dryRun, yes }) {
    if (dryRun && yes) throw new HeddleError('HDL-USAGE', { what: '--dry-run and --yes say two things.', fix: 'Give one of them.' });
    const report = await (await connect()).gc(yes !== true);
    output.document(report);
    if (output.json) return report.failed.length > 0 ? 1 : 0;
    const { items, logs, failed } = report;
    const [{ table }, { sizeText }] = await Promise.all([import('../show/table.ts'), import('../show/size-text.ts')]);
    const rows = items.map((one) => [one.kind, sizeText(one.bytes), String(one.files), one.why, one.uri]);
    if (logs.files > 0) rows.push(['logs', sizeText(logs.bytes), String(logs.files), 'older than they are kept', 'store://logs']);
    if (rows.length > 0) output.line(table(output, ['WHAT', 'SIZE', 'FILES', 'WHY', 'WHERE'], rows));
    for (const { uri, why } of failed) output.line(`${output.style('red', 'failed')} ${uri}: ${why}`);
    const total = sizeText(report.bytes);
    if (rows.length === 0) output.line('nothing to remove');
    else output.note(report.dryRun ? `${total} could go; nothing was removed: heddle gc --yes removes it` : `${total} removed`);
    return failed.length > 0 ? 1 : 0;
  },
});
