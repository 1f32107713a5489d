import { approval, itemList, map, pipeline, task, z } from 'heddle';
import { noop } from './no-op.ts';

const makeItems = task({
  name: 'bench.make_items',
  version: '1',
  input: z.object({ count: z.int() }),
  output: z.object({ items: itemList(z.int()) }),
  run: async ({ count }, ctx) => ({ items: await ctx.items(Array.from({ length: count }, (_, i) => i)) }),
});

export const mapList = pipeline({ name: 'bench.map_list', params: z.object({ count: z.int() }) }, ({ params }) => {
  const { items } = makeItems({ count: params.count });
  return map(items, (item) => noop({ x: item }), { parallel: 100 });
});

/** 100 steps, half of them done, then an approval that nobody answers: what an open run costs. */
const open = (i: number) =>
  pipeline({ name: `bench.open${i}` }, () => {
    let x = noop({ x: i }, { id: 's0' });
    for (let s = 1; s < 50; s++) x = noop({ x }, { id: `s${s}` });
    const answer = approval({ ask: 'Go on?', from: ['nobody'], within: '30d', onTimeout: 'reject' });
    let y = noop({ x: 0 }, { id: 't0', after: answer });
    for (let s = 1; s < 50; s++) y = noop({ x: y }, { id: `t${s}` });
    return { x, y };
  });
export const [o0, o1, o2, o3, o4, o5, o6, o7, o8, o9] = [open(0), open(1), open(2), open(3), open(4), open(5), open(6), open(7), open(8), open(9)];
export const [p0, p1, p2, p3, p4, p5, p6, p7, p8, p9] = [open(10), open(11), open(12), open(13), open(14), open(15), open(16), open(17), open(18), open(19)];
