import { describe, expect, it } from 'vitest';
import { eq, gte, map, pipeline, pluck, when, z } from 'heddle';
import type { MapNode } from '../../dsl/plan/types.ts';
import { codesOf, draft, inPipeline, nodesOf, planOf } from './draft.ts';
import { add, grid, one, say, shards, sum } from './tasks.ts';

const maps = (body: () => unknown) => nodesOf(body).filter((node): node is MapNode => node.kind === 'map');

describe('map', () => {
  it('knows an array from an item list by the schema behind the ref', () => {
    const kinds = maps(() => {
      const s = shards();
      const g = grid();
      map(g.rates, (a) => add({ a }), { id: 'rates' });
      map(s.shards, (shard) => say({ text: shard.id }), { id: 'parts' });
      map([1, 2], (a) => add({ a }), { id: 'plain' });
      const mapped = map(s.shards, (shard) => say({ text: shard.id }, { id: 'x' }), { id: 'list' });
      map(mapped, () => add({ a: 1 }), { id: 'of-list' });
      map(pluck(g.rows, 'cells'), (cells) => map(cells, (a) => add({ a })), { id: 'plucked' });
    }).map(({ id, items }) => `${id} ${items}`);
    expect(kinds).toEqual(['rates array', 'parts list', 'plain array', 'list list', 'of-list list', 'plucked array']);
  });
  it('knows it inside of an item too', () => {
    const [outer] = maps(() => {
      map(shards().shards, (shard) => map(shard.parts, (part) => add({ a: part.k })));
    });
    expect(outer).toMatchObject({ items: 'list', body: { nodes: [{ kind: 'map', items: 'list', depth: 1 }] } });
  });
  it('knows it through orElse, a branch, a parameter and a returned object', () => {
    const p = pipeline({ name: 'p', params: z.object({ rates: z.array(z.number()).nullable() }) }, ({ params }) => {
      const w = when(eq(one().n, 1), () => ({ s: shards().shards })).otherwise(() => ({ s: shards({}, { id: 'other' }).shards }));
      map(w.s, () => null, { id: 'branch' });
      map(params.rates.orElse([]), () => null, { id: 'param' });
    });
    expect(
      planOf(p)
        .skeleton.body.nodes.filter((node) => node.kind === 'map')
        .map(({ id, items }) => `${id} ${items}`),
    ).toEqual(['branch list', 'param array']);
  });
  it('carries parallel, toleration and the key of an item', () => {
    const [a, b] = maps(() => {
      map(grid().rows, (row) => say({ text: row.id }), { id: 'a', parallel: 4, tolerate: '10%', key: (row) => row.id });
      map([1], () => null, { id: 'b', tolerate: 3 });
    });
    expect(a).toMatchObject({ parallel: 4, tolerate: { share: 0.1 }, key: { $ref: ['$item0', 'id'] } });
    expect(b).toMatchObject({ parallel: 16, tolerate: { count: 3 } });
  });
  it('refuses a toleration that is neither count nor share', () => {
    expect(codesOf(() => map([1], () => null, { tolerate: '110%' }))).toEqual(['HDL-BAD-OPTION']);
    expect(codesOf(() => map([1], () => null, { tolerate: -1 }))).toEqual(['HDL-BAD-OPTION']);
    expect(codesOf(() => map([1], () => null, { parallel: 0 }))).toEqual(['HDL-BAD-OPTION']);
  });
  it('refuses a plain array of more than 1,000 items and names ctx.items', () => {
    const { problems } = draft(
      inPipeline(() =>
        map(
          Array.from({ length: 1001 }, (_, i) => i),
          (a) => add({ a }),
        ),
      ),
    );
    expect(problems).toMatchObject([{ code: 'HDL-MAP-TOO-LONG', what: 'map:add maps over an array of 1001 items; 1000 is the limit.' }]);
    expect(
      codesOf(() =>
        map(
          Array.from({ length: 1000 }, (_, i) => i),
          (a) => add({ a }),
        ),
      ),
    ).toEqual([]);
  });
});

describe('fusion', () => {
  it('joins a map with the map whose result it runs over', () => {
    const [f, g, h] = maps(() => {
      const f = map([1, 2], (a) => add({ a }), { id: 'f' });
      const g = map(f, (x) => add({ a: x.sum }), { id: 'g' });
      const h = map(g, (x) => add({ a: x.sum }), { id: 'h' });
      sum({ all: h });
    });
    expect([f?.fuse, g?.fuse, h?.fuse]).toEqual([undefined, 'f', 'g']);
  });
  it('does not when the list is changed on the way, or lies in another block', () => {
    const nodes = maps(() => {
      const f = map(grid().rows, (row) => ({ row }), { id: 'f' });
      map(pluck(f, 'row'), (row) => say({ text: row.id }), { id: 'g' });
      map(
        [1],
        () => {
          map(f, (x) => say({ text: x.row.id }), { id: 'h' });
        },
        { id: 'around' },
      );
    });
    expect(nodes.map(({ id, fuse }) => [id, fuse])).toEqual([
      ['f', undefined],
      ['g', undefined],
      ['around', undefined],
    ]);
    expect(nodes[2]?.body.nodes[0]).not.toHaveProperty('fuse');
  });
  it('of arrays bears other needs of the second body', () => {
    const [, g] = maps(() => {
      const f = map([1], (a) => add({ a }), { id: 'f' });
      const x = one();
      map(f, (y) => add({ a: y.sum, b: x.n }), { id: 'g' });
    });
    expect(g?.fuse).toBe('f');
  });
  it('of item lists needs a second body that needs nothing more than the first', () => {
    const [, g, h, late] = maps(() => {
      const s = shards();
      const x = one();
      const f = map(s.shards, () => add({ a: x.n, b: s.count }), { id: 'f' });
      const g = map(f, (y) => add({ a: y.sum, b: x.n }), { id: 'g' });
      map(g, (y) => add({ a: y.sum, b: s.count }), { id: 'h' });
      const other = grid();
      map(f, (y) => add({ a: y.sum, b: other.rates.length }), { id: 'late' });
    });
    expect([g?.fuse, h?.fuse, late?.fuse]).toEqual(['f', 'g', undefined]);
  });
});

describe('loops', () => {
  it('are bounded: 1 to 10,000 rounds', async () => {
    const { loop } = await import('heddle');
    const rounds = (max: number) =>
      codesOf(() => loop(z.object({ n: z.number() }), { n: 0 }, (s) => ({ n: add({ a: s.n }).sum }), { max, until: (s) => gte(s.n, 1) }));
    expect([rounds(1), rounds(10_000), rounds(0), rounds(10_001), rounds(1.5), rounds(Number.POSITIVE_INFINITY)]).toEqual([
      [],
      [],
      ['HDL-BAD-OPTION'],
      ['HDL-BAD-OPTION'],
      ['HDL-BAD-OPTION'],
      ['HDL-BAD-OPTION'],
    ]);
  });
});
