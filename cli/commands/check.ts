/** `heddle check`: every mistake of the project in one go. */
import { collect } from '../arguments/collect.ts';
import { defineCommand } from '../define-command.ts';

interface Options {
  readonly accept?: string[];
  readonly lock?: boolean;
}

export const checkCommand = defineCommand<Options>({
  usage: 'check',
  summary: 'find every mistake: types, wiring, rules, purity, versions',
  group: 'Write',
  examples: [
    ['heddle check', 'before a commit, and in CI'],
    ['heddle check --accept flights.train', 'its code changed and means the same'],
    ['heddle check --no-lock', 'do not write heddle.lock'],
  ],
  options: (command) =>
    command
      .option('--accept <task>', 'the changed code of this task keeps its meaning; * for all; may be repeated', collect)
      .option('--no-lock', 'compare with heddle.lock, but do not write it'),
  async run({ output, config: load }, options) {
    const [{ checkProject }, { showProblem }] = await Promise.all([import('../../compiler/check.ts'), import('../../compiler/problem.ts')]);
    const config = await load();
    const checked = await checkProject(config, { write: options.lock !== false, ...(options.accept !== undefined && { accept: options.accept }) });
    output.document({
      ok: checked.problems.length === 0,
      problems: checked.problems,
      plans: Object.fromEntries([...checked.plans].map(([name, { hash }]) => [name, hash])),
      added: checked.added,
      accepted: checked.accepted,
    });
    for (const problem of checked.problems) output.line(showProblem(problem));
    if (checked.added.length > 0) output.note(`new in heddle.lock: ${checked.added.join(', ')}`);
    const { size } = checked.plans;
    if (checked.problems.length > 0) {
      output.note(output.style('red', `${checked.problems.length} ${checked.problems.length === 1 ? 'mistake' : 'mistakes'}`));
      return 1;
    }
    output.line(`${output.style('green', 'ok')}  ${size} ${size === 1 ? 'pipeline' : 'pipelines'}: ${[...checked.plans.keys()].join(', ')}`);
    return 0;
  },
});
