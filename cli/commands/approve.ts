/** `heddle approve`: answers an approval with yes. */
import { defineCommand } from '../define-command.ts';

export const approveCommand = defineCommand<{ readonly note?: string }, [string, string | undefined]>({
  usage: 'approve <run> [step]',
  summary: 'approve what a run asks for; kept with your name',
  group: 'Steer',
  examples: [
    ["heddle approve last promote --note 'AUC is fine'", 'that step'],
    ['heddle approve last', 'the only one that is open'],
  ],
  options: (command) => command.option('--note <text>', 'kept with the answer'),
  run: async (context, { note }, run, step) => (await import('../client/answer-gate.ts')).answerGate(context, true, run, step, note),
});
