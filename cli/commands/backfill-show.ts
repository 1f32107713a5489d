/** `heddle backfill show`: state, progress, the dead list; after its end the report. */
import { defineCommand } from '../define-command.ts';

export const backfillShowCommand = defineCommand<{ readonly wait?: boolean; readonly plan?: boolean }, [string]>({
  usage: 'backfill show <id>',
  summary: 'a backfill: progress, cells that failed with their first error, and at its end the report',
  group: 'Look',
  examples: [
    ['heddle backfill show last', 'the newest'],
    ['heddle backfill show 01J9 --wait', 'follow it to its end'],
    ['heddle backfill show 01J9 --plan', 'what was planned, and why'],
  ],
  options: (command) => command.option('-w, --wait', 'follow it to its end').option('--plan', 'the plan, as it was shown'),
  async run({ output, client: connect }, { wait, plan }, given) {
    const [{ findBackfill }, { showBackfill }, { showBackfillPlan }, { followBackfill }] = await Promise.all([
      import('../client/find-backfill.ts'),
      import('../show/backfill-progress.ts'),
      import('../show/backfill-plan.ts'),
      import('../show/follow-backfill.ts'),
    ]);
    const client = await connect();
    const id = await findBackfill(client, given);
    if (wait) return followBackfill(client, output, id);
    const [backfill, dead] = await Promise.all([client.backfill(id), client.deadCells(id)]);
    output.document({ ...backfill, dead: dead.items });
    if (output.json) return;
    if (plan || backfill.state === 'planned') showBackfillPlan(output, backfill);
    else showBackfill(output, backfill, dead.items);
  },
});
