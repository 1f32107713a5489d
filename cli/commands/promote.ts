/** `heddle promote`: points an alias of a model at a version. */
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import { defineCommand } from '../define-command.ts';

interface Options {
  readonly alias: string;
  readonly note?: string;
  readonly expect?: string;
}

export const promoteCommand = defineCommand<Options, [string]>({
  usage: 'promote <version>',
  summary: 'point an alias at a model version (NAME@VERSION); kept with your name',
  group: 'Steer',
  examples: [
    ["heddle promote flights.delay@7 --note 'AUC holds in June'", 'makes it the champion'],
    ['heddle promote flights.delay@7 --alias candidate', 'another alias'],
    ['heddle promote flights.delay@7 --expect 6', 'only while the champion is version 6'],
  ],
  options: (command) =>
    command
      .option('--alias <name>', 'the alias', 'champion')
      .option('--note <text>', 'why; kept with the change')
      .option('--expect <version>', 'the version that must stand there now, or "none"; default: what stands there as this begins'),
  async run({ output, client: connect }, { alias, note, expect }, reference) {
    const at = reference.lastIndexOf('@');
    if (at < 1) throw new HeddleError('HDL-USAGE', { what: `"${reference}" names no version.`, fix: 'Write NAME@VERSION, for instance flights.delay@7.' });
    const [name, version] = [reference.slice(0, at), reference.slice(at + 1)];
    const client = await connect();
    // what this person has seen: a promotion that comes in between wins, and this one is told
    const seen = expect === undefined ? ((await client.model(name)).aliases[alias] ?? null) : expect === 'none' ? null : expect;
    const change = await client.promote(name, { version, alias, expect: seen, ...(note !== undefined && { note }) });
    output.document(change);
    output.line(`${change.name}@${change.alias} is version ${change.to} now${change.from === null ? '' : `; it was version ${change.from}`}`);
  },
});
