/** `heddle reject`: answers an approval with no. */
import { defineCommand } from '../define-command.ts';

export const rejectCommand = defineCommand<{ readonly note?: string }, [string, string | undefined]>({
  usage: 'reject <run> [step]',
  summary: 'reject what a run asks for; kept with your name',
  group: 'Steer',
  examples: [["heddle reject last promote --note 'AUC fell'", 'that step']],
  options: (command) => command.option('--note <text>', 'kept with the answer'),
  run: async (context, { note }, run, step) => (await import('../client/answer-gate.ts')).answerGate(context, false, run, step, note),
});
