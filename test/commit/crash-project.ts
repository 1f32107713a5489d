/** Pipelines of the crash matrix: a step that waits for its gate, a file, and then publishes a partition; one that reads another system's. Tests only. */
export const crashConfig = `import { defineConfig } from 'heddle';
export default defineConfig({ project: 'p', pipelines: ['pipelines/*.ts'], pools: { default: { classes: { small: { units: 1, slots: 40 } } } } });
`;

export const crashPipeline = `import { daily, dataset, pipeline, task, z } from 'heddle';
import { existsSync } from 'node:fs';

const Day = daily({ start: '2001-01-01' });
export const Rows = dataset('crash.rows', { uri: 'store://crash/rows', partitions: Day, schema: z.object({ n: z.int() }), expect: { rows: { min: 1 }, unique: ['n'] } });

export const build = task({ name: 'crash.build', version: '1', retry: { attempts: 20, backoff: '1s' }, heartbeat: '10s',
  input: z.object({ gate: z.string(), values: z.array(z.int()) }), output: Rows.slice,
  async run({ gate, values }, ctx) {
    while (gate !== '' && !existsSync(gate)) await new Promise((resolve) => { setTimeout(resolve, 50); });
    return ctx.write(Rows, values.map((n) => ({ n })));
  } });

export const Others = dataset('crash.others', { uri: 'store://crash/others', partitions: Day, schema: z.object({ n: z.int() }) });
export const count = task({ name: 'crash.count', version: '1', input: z.object({ rows: Others.slice }), output: z.object({ rows: z.int() }),
  async run({ rows }, ctx) {
    let found = 0;
    for await (const _row of ctx.readRows(Others, rows)) found++;
    return { rows: found };
  } });
export const reader = pipeline({ name: 'crash.reader', partitions: Day }, ({ partition }) => count({ rows: Others.at(partition) }, { id: 'count' }));

export const crash = pipeline({ name: 'crash.build', partitions: Day, params: z.object({ gate: z.string(), values: z.array(z.int()) }) }, ({ params, partition }) => {
  build({ gate: params.gate, values: params.values, into: partition }, { id: 'build' });
});
`;
