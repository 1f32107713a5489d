/** `heddle backfill list`: backfills and plans, newest first. */
import { wholeNumber } from '../arguments/whole-number.ts';
import { defineCommand } from '../define-command.ts';

export const backfillListCommand = defineCommand<{ readonly pipeline?: string; readonly limit: number }>({
  usage: 'backfill list',
  summary: 'list backfills and plans, newest first',
  group: 'Look',
  examples: [['heddle backfill list', 'the newest 20']],
  options: (command) => command.option('--pipeline <name>', 'of this pipeline').option('-n, --limit <count>', 'at most so many', wholeNumber, 20),
  async run({ output, client: connect }, { pipeline, limit }) {
    const client = await connect();
    const found = await client.backfills({ limit, ...(pipeline !== undefined && { pipeline }) });
    output.document(found);
    if (output.json) return;
    const { progressLine } = await import('../show/backfill-progress.ts');
    for (const backfill of found.items) output.line(progressLine(output, backfill));
    if (found.items.length === 0) output.line('no backfills');
  },
});
