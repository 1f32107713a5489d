/** Small tasks and datasets for the tests of the recorder. */
import { daily, dataset, itemList, keys, modelOf, task, z } from 'heddle';

export const Day = daily({ start: '2001-01-01' });
export const DayWiki = { day: Day, wiki: keys(['en', 'de']) };
export const Raw = dataset('raw', { uri: 'store://raw', partitions: Day, schema: z.object({ n: z.int() }) });
export const Clean = dataset('clean', { uri: 'store://clean', partitions: Day, schema: z.object({ n: z.int() }) });
export const Pages = dataset('pages', { uri: 'store://pages', partitions: DayWiki, schema: z.object({ n: z.int() }) });
export const Delay = modelOf('delay');

export const one = task({ name: 'one', version: '1', output: z.object({ n: z.int(), name: z.string(), maybe: z.string().nullable(), flag: z.boolean() }) });
export const add = task({ name: 'add', version: '1', input: z.object({ a: z.number(), b: z.number().default(1) }), output: z.object({ sum: z.number() }) });
export const sum = task({
  name: 'sum',
  version: '1',
  input: z.object({ all: z.array(z.object({ sum: z.number() })) }),
  output: z.object({ total: z.number() }),
});
export const say = task({ name: 'say', version: '1', input: z.object({ text: z.string() }) });
export const grid = task({
  name: 'grid',
  version: '1',
  output: z.object({ rates: z.array(z.number()), rows: z.array(z.object({ id: z.string(), cells: z.array(z.number()) })) }),
});
export const shards = task({
  name: 'shards',
  version: '1',
  output: z.object({ shards: itemList(z.object({ id: z.string(), parts: itemList(z.object({ k: z.int() })) })), count: z.int() }),
});
export const copy = task({ name: 'copy', version: '1', input: z.object({ from: Raw.slice }), output: Clean.slice });
export const count = task({ name: 'count', version: '1', input: z.object({ of: Clean.slice }), output: z.object({ rows: z.int() }) });
