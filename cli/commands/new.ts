/** `heddle new`: a project with one working pipeline and its test. */
import { defineCommand } from '../define-command.ts';

export const newCommand = defineCommand<{ readonly heddle?: string }, [string]>({
  usage: 'new <folder>',
  summary: 'make a project with one working pipeline and a test',
  group: 'Write',
  examples: [
    ['heddle new my-project', 'in a folder that is empty or not there yet'],
    ['heddle new my-project --heddle file:../heddle-0.1.0.tgz', 'depending on this package'],
  ],
  options: (command) => command.option('--heddle <spec>', 'what package.json depends on, as npm takes it'),
  async run({ output }, options, folder) {
    const { scaffold } = await import('../new/scaffold.ts');
    const made = scaffold(folder, options.heddle);
    output.document(made);
    output.line(`made ${made.folder}:`);
    for (const file of made.files) output.line(`  ${file}`);
    output.line();
    output.line('next:');
    const steps: (readonly [string, string])[] = [
      [`cd ${folder}`, ''],
      ...(made.linked ? [] : [['npm install', ''] as const]),
      ['npm test', 'runs the pipeline in process, without a server'],
      ['npx heddle check', 'finds mistakes before anything runs'],
      ['npx heddle dev', 'Temporal, server and worker; leave it running'],
      ['npx heddle run hello --wait', 'in another terminal'],
    ];
    for (const [line, remark] of steps) output.line(`  ${line.padEnd(30)}${output.style('dim', remark)}`.trimEnd());
  },
});
