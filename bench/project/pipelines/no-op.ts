import { map, pipeline, task, z } from 'heddle';

export const noop = task({
  name: 'bench.noop',
  version: '1',
  input: z.object({ x: z.int() }),
  output: z.int(),
  retry: { attempts: 3 },
  timeout: '1m',
  run: async ({ x }) => x + 1,
});

const chain = (name: string, length: number) =>
  pipeline({ name }, () => {
    let x = noop({ x: 0 }, { id: 's0' });
    for (let i = 1; i < length; i++) x = noop({ x }, { id: `s${i}` });
    return x;
  });
export const chain100 = chain('bench.chain100', 100);
export const chain40 = chain('bench.chain40', 40);

export const fan1000 = pipeline({ name: 'bench.fan1000', params: z.object({ items: z.array(z.int()) }) }, ({ params }) =>
  map(params.items, (item) => noop({ x: item }), { parallel: 100 }),
);
