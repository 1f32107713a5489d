/** `heddle types`: the project's pools and classes as TypeScript, or Python classes of command tasks. */
import { defineCommand } from '../define-command.ts';

interface Options {
  readonly python?: boolean;
  readonly out?: string;
}

export const typesCommand = defineCommand<Options>({
  usage: 'types',
  summary: 'write types: pool and class names for TypeScript, or classes of command tasks for Python',
  group: 'Write',
  examples: [
    ['heddle types', 'heddle-env.d.ts: a misspelt pool becomes a type error'],
    ['heddle types --python --out tasks/heddle_types.py', 'input and output of every command task'],
  ],
  options: (command) =>
    command.option('--python', 'classes for the input and output of command tasks').option('-o, --out <file>', 'write it there; - for stdout'),
  async run({ output, config: load }, options) {
    const { typesOf } = await import('../project/write-types.ts');
    const config = await load();
    const text = await typesOf(config, options.python ?? false);
    const target = options.out ?? (options.python ? '-' : 'heddle-env.d.ts');
    if (target === '-') {
      if (output.json) output.document({ text });
      else process.stdout.write(text);
      return;
    }
    const [{ writeFileSync }, { resolve }] = await Promise.all([import('node:fs'), import('node:path')]);
    const file = options.out === undefined ? resolve(config.folder, target) : resolve(target);
    writeFileSync(file, text);
    output.note(`wrote ${file}`);
    output.document({ file });
  },
});
