/** `heddle compile`: writes the plan of a pipeline as JSON. */
import { defineCommand } from '../define-command.ts';

interface Options {
  readonly out?: string;
  readonly hash?: boolean;
}

export const compileCommand = defineCommand<Options, [string]>({
  usage: 'compile <pipeline>',
  summary: 'write the plan of a pipeline as JSON',
  group: 'Write',
  examples: [
    ['heddle compile flights.train', 'to stdout'],
    ['heddle compile flights.train --out train.plan.json', 'to a file'],
    ['heddle compile flights.train --hash', 'only its hash'],
  ],
  options: (command) => command.option('-o, --out <file>', 'write it there').option('--hash', "print the plan's hash instead"),
  async run({ output, config: load }, options, pipeline) {
    const { compileForRun } = await import('../project/compile-for-run.ts');
    const { plan, hash } = await compileForRun(await load(), pipeline);
    if (options.out !== undefined) {
      const { writeFileSync } = await import('node:fs');
      writeFileSync(options.out, `${JSON.stringify(plan, null, 2)}\n`);
      output.note(`wrote ${options.out}, plan ${hash}`);
      return output.document({ hash, file: options.out });
    }
    if (output.json) return output.document(options.hash ? { hash } : { hash, plan });
    output.line(options.hash ? hash : JSON.stringify(plan, null, 2));
  },
});
