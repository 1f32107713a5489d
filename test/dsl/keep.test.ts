import { describe, expect, it } from 'vitest';
import { approval, eq, gte, loop, map, pipeline, pluck, text, waitForPath, when, workflowStep, z } from 'heddle';
import { inPipeline, nodeAt, planOf } from './draft.ts';
import { add, grid, one, say, shards, sum } from './tasks.ts';

const kept = (body: () => unknown, ...path: string[]) => nodeAt(planOf(inPipeline(body)).skeleton.body, ...path).keep;

describe('what the interpreter must see of an output', () => {
  it('is nothing where steps only hand it on', () => {
    expect(
      kept(() => {
        const x = one();
        add({ a: x.n });
        return { all: x, name: x.name };
      }, 'one'),
    ).toBeUndefined();
  });
  it('is what a condition reads', () => {
    expect(
      kept(() => {
        const x = one();
        when(gte(x.n, 1), () => {
          say({ text: 'x' });
        });
      }, 'one'),
    ).toEqual([['n']]);
  });
  it('is what a text, an approval and a path read', () => {
    expect(
      kept(() => {
        const x = one();
        say({ text: text`hello ${x.name}` });
        approval({ ask: text`ok?`, show: { maybe: x.maybe.orElse('-') }, from: ['ops'], within: '1h', onTimeout: 'fail' });
        waitForPath(text`store://${x.n}`, { within: '1h' });
      }, 'one'),
    ).toEqual([['maybe'], ['n'], ['name']]);
  });
  it('is whether a field is null, where there is a fallback', () => {
    expect(
      kept(() => {
        say({ text: one().maybe.orElse('none') });
      }, 'one'),
    ).toEqual([['maybe']]);
  });
  it('is a list that a map runs over, not more', () => {
    expect(
      kept(() => {
        map(grid().rates, (a) => add({ a }));
      }, 'grid'),
    ).toEqual([['rates']]);
    expect(
      kept(() => {
        map(shards().shards, () => {
          add({ a: 1 });
        });
      }, 'shards'),
    ).toEqual([['shards']]);
  });
  it('is a list that pluck goes through', () => {
    expect(kept(() => ({ ids: pluck(grid().rows, 'id') }), 'grid')).toEqual([['rows']]);
  });
  it('of the results of a map is nothing when a second map or a task takes them', () => {
    expect(
      kept(
        () => {
          const f = map([1], (a) => add({ a }), { id: 'f' });
          map(f, (x) => add({ a: x.sum }), { id: 'g' });
          sum({ all: f });
        },
        'f',
        'add',
      ),
    ).toBeUndefined();
  });
  it('is followed into a branch, a map and a loop to the step behind', () => {
    const body = () => {
      const w = when(eq(one().flag, true), () => add({ a: 1 }, { id: 'inner' })).orElse({ sum: 0 });
      when(
        gte(w.sum, 1),
        () => {
          say({ text: 'a' });
        },
        { id: 'c1' },
      );
      const m = map([1], (a) => ({ v: add({ a }) }), { id: 'm' });
      when(
        gte(m.nth(0).orElse({ v: { sum: 0 } }).v.sum, 1),
        () => {
          say({ text: 'b' });
        },
        { id: 'c2' },
      );
      const l = loop(z.object({ n: z.number() }), { n: 0 }, (s) => ({ n: add({ a: s.n }, { id: 'round' }).sum }), {
        max: 3,
        until: (s) => gte(s.n, 2),
        id: 'l',
      });
      when(
        gte(l.n, 1),
        () => {
          say({ text: 'c' });
        },
        { id: 'c3' },
      );
    };
    expect(kept(body, 'when:inner', 'inner')).toEqual([['sum']]);
    expect(kept(body, 'm', 'add')).toEqual([['sum']]);
    expect(kept(body, 'l', 'round')).toEqual([['sum']]);
  });
  it('of the item of a fused map is followed to the first map', () => {
    expect(
      kept(
        () => {
          const f = map([1], (a) => add({ a }), { id: 'f' });
          map(
            f,
            (x) => {
              when(gte(x.sum, 1), () => {
                say({ text: 'x' });
              });
            },
            { id: 'g' },
          );
        },
        'f',
        'add',
      ),
    ).toEqual([['sum']]);
  });
  it("is all of what a sub-pipeline's parameters and a hand-written workflow take", () => {
    const sub = pipeline({ name: 'sub', params: z.object({ x: z.object({ sum: z.number() }) }) }, () => {});
    const legacy = workflowStep({ type: 'T', queue: 'q', input: z.object({ n: z.number() }) });
    expect(
      kept(() => {
        sub({ x: add({ a: 1 }) });
      }, 'add'),
    ).toEqual([[]]);
    expect(
      kept(() => {
        legacy({ n: add({ a: 1 }).sum });
      }, 'add'),
    ).toEqual([['sum']]);
  });
});
