/** `heddle backfill pause`, `resume`, `cancel`, `redo`. */
import { defineCommand, type RegisteredCommand } from '../define-command.ts';

export const backfillPauseCommand = control('pause', 'start no more cells of a backfill; those that run go on to their end', 'paused');
export const backfillResumeCommand = control('resume', 'go on with a paused backfill: the same plan; budgets begin anew', 'goes on');
export const backfillCancelCommand = control(
  'cancel',
  'cancel the running cells of a backfill and start nothing more; nothing stays half published',
  'is being cancelled',
);

function control(verb: 'pause' | 'resume' | 'cancel', summary: string, said: string): RegisteredCommand {
  return defineCommand<{ readonly why?: string }, [string]>({
    usage: `backfill ${verb} <id>`,
    summary,
    group: 'Steer',
    examples: [[`heddle backfill ${verb} last`, 'the newest']],
    options: (command) => (verb === 'pause' ? command.option('--why <text>', 'kept with the backfill') : command),
    async run({ output, client: connect }, { why }, given) {
      const { findBackfill } = await import('../client/find-backfill.ts');
      const client = await connect();
      const backfill = await client.controlBackfill(await findBackfill(client, given), verb, why === undefined ? {} : { why });
      output.document(backfill);
      output.note(`backfill ${backfill.id} ${said}; heddle backfill show ${backfill.id}`);
    },
  });
}

export const backfillRedoCommand = defineCommand<object, [string]>({
  usage: 'backfill redo <id>',
  summary: 'plan the cells of a backfill that failed, were blocked or cancelled anew; starts nothing',
  group: 'Steer',
  examples: [['heddle backfill redo last', 'then: heddle backfill start last']],
  async run({ output, client: connect }, _options, given) {
    const [{ findBackfill }, { showBackfillPlan }] = await Promise.all([import('../client/find-backfill.ts'), import('../show/backfill-plan.ts')]);
    const client = await connect();
    const backfill = await client.controlBackfill(await findBackfill(client, given), 'redo');
    output.document(backfill);
    if (!output.json) showBackfillPlan(output, backfill);
  },
});
