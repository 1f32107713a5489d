/**
 * A project for tests of backfills: `counts` (raw, written by a pipeline of its own), `sums` of the last three days of it, and
 * `report` behind that. Each task writes a line to a file, and fails for the keys in the file `poison`.
 */
export const thirtyDays = ({ sums = '1' } = {}): string => `
  import { appendFileSync, existsSync, readFileSync } from 'node:fs';
  import { daily, dataset, pipeline, task, z } from 'heddle';
  const Day = daily({ start: '2001-01-01' });
  const row = z.object({ n: z.int() });
  const Counts = dataset('t.counts', { uri: 'store://t/counts', partitions: Day, schema: row });
  const Sums = dataset('t.sums', { uri: 'store://t/sums', partitions: Day, schema: row });
  const Report = dataset('t.report', { uri: 'store://t/report', partitions: Day, schema: row });
  const one = async function* (n: number) { yield { numRows: 1, columns: { n: BigInt64Array.of(BigInt(n)) } }; };
  const note = (name: string, day: string): void => {
    appendFileSync('calls', name + ' ' + day + '\\n');
    if (existsSync('poison') && readFileSync('poison', 'utf8').split('\\n').includes(day)) throw new Error('poisoned: ' + day);
  };
  const total = async (batches: AsyncIterable<{ numRows: number; columns: Record<string, unknown> }>) => {
    let sum = 0;
    for await (const { columns } of batches) for (const n of columns.n as BigInt64Array) sum += Number(n);
    return sum;
  };
  export const count = task({ name: 't.count', version: '1', input: z.object({ plus: z.number() }), output: Counts.slice, async run({ plus }, ctx) {
    note('count', ctx.into.day);
    return ctx.write(Counts, one(Number(ctx.into.day.slice(-2)) + plus));
  } });
  export const sum = task({ name: 't.sum', version: '${sums}', input: z.object({ last: Counts.slice }), output: Sums.slice, async run({ last }, ctx) {
    note('sum', ctx.into.day);
    return ctx.write(Sums, one(await total(ctx.read(Counts, last))));
  } });
  export const tell = task({ name: 't.tell', version: '1', input: z.object({ sum: Sums.slice }), output: Report.slice, async run({ sum }, ctx) {
    note('tell', ctx.into.day);
    return ctx.write(Report, one(await total(ctx.read(Sums, sum))));
  } });
  export const counts = pipeline({ name: 'counts', partitions: Day, params: z.object({ plus: z.number().default(0) }) }, ({ partition, params }) => count({ plus: params.plus, into: partition }));
  export const sums = pipeline({ name: 'sums', partitions: Day }, ({ partition }) => sum({ last: Counts.window(partition, '3d'), into: partition }));
  export const report = pipeline({ name: 'report', partitions: Day }, ({ partition }) => tell({ sum: Sums.at(partition), into: partition }));`;
