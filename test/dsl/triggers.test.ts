import { describe, expect, it } from 'vitest';
import { daily, dataset, hourly, onAlias, onEnded, onPath, onPublished, onRequest, pipeline, task, z, type Trigger } from 'heddle';
import { draft, planOf } from './draft.ts';

const Day = daily({ start: '2001-01-01' });
const Raw = dataset('t.raw', { uri: 'store://t/raw', partitions: Day, schema: z.object({ n: z.int() }), freshBy: '6h' });
const Hourly = dataset('t.hourly', { uri: 'store://t/hourly', partitions: hourly({ start: '2001-01-01' }), schema: z.object({ n: z.int() }) });
const nothing = task({ name: 't.nothing', version: '1', output: z.number(), run: async () => 1 });
const of = (triggers: readonly Trigger[]) =>
  pipeline({ name: 'p', partitions: Day, deadline: '2h', triggers }, () => {
    nothing();
  });

describe('triggers of a pipeline', () => {
  it('are in its contracts, with their defaults', () => {
    const plan = planOf(
      of([
        onPublished(Raw),
        onPublished([Raw], { settle: '1m' }),
        onRequest(),
        onPath('store://in/day={day}/_SUCCESS'),
        onEnded('other'),
        onAlias('m@champion'),
      ]),
    );
    expect(plan.contracts.deadlineMs).toBe(7_200_000);
    expect(plan.contracts.triggers).toEqual([
      { kind: 'published', datasets: ['t.raw'], settleMs: 10_000 },
      { kind: 'published', datasets: ['t.raw'], settleMs: 60_000 },
      { kind: 'request' },
      { kind: 'path', uri: 'store://in/day={day}/_SUCCESS', everyMs: 60_000 },
      { kind: 'ended', pipeline: 'other', statuses: ['done'] },
      { kind: 'alias', model: 'm@champion' },
    ]);
  });
  it('must say for which partition it is to run: HDL-TRIGGER', () => {
    const codes = (trigger: Trigger): string[] => draft(of([trigger])).problems.map(({ code }) => code);
    expect(codes(onPublished(Hourly))).toEqual(['HDL-TRIGGER']);
    expect(codes(onPath('store://in/{hour}/_SUCCESS'))).toEqual(['HDL-TRIGGER']);
    expect(codes(onEnded('p'))).toEqual(['HDL-TRIGGER']);
    expect(codes(onPublished(Raw, { settle: '5 parsecs' as never }))).toEqual(['HDL-BAD-DURATION']);
    expect(codes(onPublished(Raw))).toEqual([]);
  });
});
