/** `heddle partitions`: what is published of a dataset. */
import { defineCommand } from '../define-command.ts';

export const partitionsCommand = defineCommand<{ readonly range?: string }, [string]>({
  usage: 'partitions <dataset>',
  summary: 'list the published partitions of a dataset, with rows, run and code',
  group: 'Look',
  examples: [
    ['heddle partitions flights.features', 'all of them'],
    ['heddle partitions flights.features --range 2001-03-01..2001-03-07', 'these, both ends included'],
    ['heddle partitions flights.features --range 2001-03', 'March'],
  ],
  options: (command) => command.option('--range <from..to>', 'keys from here to there, both included; either may be left out'),
  async run({ output, client: connect }, { range }, dataset) {
    const [from, to] = range === undefined ? [] : range.includes('..') ? range.split('..') : [range, range];
    const client = await connect();
    const found = await client.partitions(dataset, { ...(from ? { from } : {}), ...(to ? { to } : {}) });
    output.document(found);
    if (output.json) return;
    const { partitions, damaged } = found;
    for (const { key, why } of damaged) output.line(`${output.style('red', 'damaged')} ${key}: ${why}`);
    if (partitions.length === 0) return output.line(`${dataset}: nothing published${range === undefined ? '' : ` in ${range}`}`);
    const [{ table }, { clock }] = await Promise.all([import('../show/table.ts'), import('../show/time.ts')]);
    output.line(
      table(
        output,
        [found.dimensions.join('|').toUpperCase(), 'ROWS', 'BYTES', 'FILES', 'GEN', 'PUBLISHED', 'TASK', 'RUN', 'MANIFEST'],
        partitions.map((one) => [
          one.key,
          one.rows.toLocaleString('en-US'),
          one.bytes.toLocaleString('en-US'),
          String(one.files),
          one.generation === null ? '' : String(one.generation),
          one.publishedAt === null ? '' : clock(one.publishedAt),
          `${one.task} ${one.version}`,
          one.runId,
          one.manifest.slice(0, 19),
        ]),
      ),
    );
    const rows = partitions.reduce((sum, one) => sum + one.rows, 0);
    output.note(`${partitions.length} ${partitions.length === 1 ? 'partition' : 'partitions'}, ${rows.toLocaleString('en-US')} rows, in ${found.uri}`);
  },
});
