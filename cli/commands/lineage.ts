/** `heddle lineage`: what a partition, a model or a cache was made of, and what was made of it. */
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import { defineCommand } from '../define-command.ts';

interface Options {
  readonly up?: boolean;
  readonly down?: boolean;
  readonly depth?: number;
}

export const lineageCommand = defineCommand<Options, [string]>({
  usage: 'lineage <thing>',
  summary: 'show what DATASET@PARTITION, model:NAME@VERSION or cache:NAME@VERSION was made of, and what was made of it',
  group: 'Look',
  examples: [
    ['heddle lineage flights.scores@2001-03-08', 'up to the raw files and the code, down to caches'],
    ['heddle lineage model:flights.delay@champion --down', 'scores and caches that hold it'],
    ['heddle lineage cache:default/flights --up', 'the model and the partitions behind what is served'],
    ['heddle lineage flights.raw@2001-03-01 --json', 'the graph, for a program'],
  ],
  options: (command) =>
    command.option('--up', 'only what it was made of').option('--down', 'only what was made of it').option('--depth <steps>', 'so many steps away', Number),
  async run({ output, client: connect }, { up, down, depth }, thing) {
    if (depth !== undefined && !(Number.isInteger(depth) && depth >= 1 && depth <= 50))
      throw new HeddleError('HDL-USAGE', { what: '--depth should be a whole number from 1 to 50.' });
    const direction = up === down ? 'both' : up === true ? 'up' : 'down';
    const graph = await (await connect()).lineage({ of: thing, direction, ...(depth !== undefined && { depth }) });
    output.document(graph);
    if (output.json) return;
    const { lineageTree } = await import('../show/lineage-tree.ts');
    for (const line of lineageTree(graph, direction, (text) => output.style('dim', text))) output.line(line);
    if (graph.cut) output.note('there is more: --depth shows further steps, --json all that was found');
  },
});
