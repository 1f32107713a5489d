/**
 * The pipeline that the chaos tests run while they kill things: it publishes a partition, works with checkpoints, maps, publishes
 * another, and cleans up. Each effect goes to an outside ledger under its idempotency key; each call of a task's code is noted.
 */
export const EFFECTS_OF_COUNT = 12;
export const ITEMS = ['a', 'b', 'c'];

export const daysPipeline = `import { always, daily, dataset, map, pipeline, task, z } from 'heddle';
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const Day = daily({ start: '2001-01-01' });
const Rows = dataset('chaos.rows', { uri: 'store://chaos/rows', partitions: Day, schema: z.object({ id: z.int(), text: z.string() }) });
const Sums = dataset('chaos.sums', { uri: 'store://chaos/sums', partitions: Day, schema: z.object({ item: z.string(), sum: z.int() }) });

const Ledger = z.object({ ledger: z.string() });
const rules = { retry: { attempts: 20, backoff: '1s' }, heartbeat: '10s' } as const;
interface Seen { readonly idempotencyKey: string; readonly attempt: number }

/** Something of the outside world that takes each key once, as a payment or a mail would. */
function effect(ledger: string, key: string): void {
  mkdirSync(join(ledger, 'effects'), { recursive: true });
  try {
    writeFileSync(join(ledger, 'effects', encodeURIComponent(key)), '', { flag: 'wx' });
    appendFileSync(join(ledger, 'ledger'), key + '\\n');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
function called(ledger: string, ctx: Seen): void {
  mkdirSync(ledger, { recursive: true });
  appendFileSync(join(ledger, 'calls'), ctx.idempotencyKey + ' ' + ctx.attempt + '\\n');
}

export const land = task({ ...rules, name: 'chaos.land', version: '1', input: Ledger, output: Rows.slice, async run({ ledger }, ctx) {
  called(ledger, ctx);
  effect(ledger, ctx.idempotencyKey);
  return ctx.write(Rows, Array.from({ length: 50 }, (_, id) => ({ id, text: 'row ' + id })));
} });

export const count = task({ ...rules, name: 'chaos.count', version: '1', input: Ledger.extend({ rows: Rows.slice }), output: z.object({ sum: z.int(), effects: z.int() }), async run({ ledger, rows }, ctx) {
  called(ledger, ctx);
  const ids: number[] = [];
  for await (const row of ctx.readRows(Rows, rows)) ids.push(row.id);
  let at = (await ctx.checkpoint.load<{ next: number; sum: number }>()) ?? { next: 0, sum: 0 };
  while (at.next < ${EFFECTS_OF_COUNT}) {
    effect(ledger, ctx.idempotencyKey + '/' + at.next);
    at = { next: at.next + 1, sum: at.sum + (ids[at.next] ?? 0) };
    await ctx.checkpoint.save(at);
    await new Promise((resolve) => { setTimeout(resolve, 200); });
  }
  return { sum: at.sum, effects: at.next };
} });

export const item = task({ ...rules, name: 'chaos.item', version: '1', input: Ledger.extend({ item: z.string(), sum: z.int() }), output: z.object({ item: z.string(), sum: z.int() }), async run({ ledger, item: name, sum }, ctx) {
  called(ledger, ctx);
  effect(ledger, ctx.idempotencyKey);
  return { item: name, sum: sum + name.length };
} });

export const report = task({ ...rules, name: 'chaos.report', version: '1', input: Ledger.extend({ items: z.array(z.object({ item: z.string(), sum: z.int() })) }), output: Sums.slice, async run({ ledger, items }, ctx) {
  called(ledger, ctx);
  effect(ledger, ctx.idempotencyKey);
  return ctx.write(Sums, items);
} });

export const tidy = task({ ...rules, name: 'chaos.tidy', version: '1', input: Ledger.extend({ status: z.string() }), output: z.null(), async run({ ledger, status }, ctx) {
  called(ledger, ctx);
  effect(ledger, ctx.idempotencyKey + ' ' + status);
  return null;
} });

export const days = pipeline({ name: 'chaos.days', partitions: Day, params: z.object({ ledger: z.string(), items: z.array(z.string()).default(${JSON.stringify(ITEMS)}) }) }, ({ params, partition }) => {
  always((outcome) => { tidy({ ledger: params.ledger, status: outcome.status }, { id: 'tidy' }); });
  const rows = land({ ledger: params.ledger, into: partition }, { id: 'land' });
  const counted = count({ ledger: params.ledger, rows }, { id: 'count' });
  const items = map(params.items, (name) => item({ ledger: params.ledger, item: name, sum: counted.sum }, { id: 'item' }), { id: 'items', parallel: 2 });
  report({ ledger: params.ledger, items, into: partition }, { id: 'report' });
  return { sum: counted.sum, effects: counted.effects };
});
`;
