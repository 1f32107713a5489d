/** `heddle backfill start`: runs exactly the plan that was shown, if it still holds. */
import { wholeNumber } from '../arguments/whole-number.ts';
import { defineCommand } from '../define-command.ts';

export const backfillStartCommand = defineCommand<{ readonly confirm?: number; readonly wait?: boolean }, [string]>({
  usage: 'backfill start <id>',
  summary: 'start a planned backfill; refused when the data has changed since it was planned',
  group: 'Run',
  examples: [
    ['heddle backfill start last', 'the newest plan'],
    ['heddle backfill start 01J9 --wait', 'and follow it to its end'],
    ['heddle backfill start 01J9 --confirm 8760', 'a large one wants its number of cells'],
  ],
  options: (command) =>
    command
      .option('--confirm <cells>', 'its number of cells, where that is above what the configuration lets pass', wholeNumber)
      .option('-w, --wait', 'follow it; exit with 0 when all cells are done, 1 when not'),
  async run({ output, client: connect }, { confirm, wait }, given) {
    const [{ findBackfill }, { followBackfill }] = await Promise.all([import('../client/find-backfill.ts'), import('../show/follow-backfill.ts')]);
    const client = await connect();
    const backfill = await client.startBackfill(await findBackfill(client, given), confirm);
    output.note(`backfill ${backfill.id} started: ${backfill.cells} cells; heddle backfill show ${backfill.id}`);
    if (!wait) return output.document(backfill);
    return followBackfill(client, output, backfill.id);
  },
});
