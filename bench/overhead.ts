/**
 * chain-100, fan-1000, chains-50x40: Heddle beside the hand-written workflows of bench/baselines, pairs in the order A B B A.
 * BENCH_PAIRS overrides the number of pairs.
 */
import { startBench, type Bench } from './processes.ts';
import { caseOf, type BenchCase } from './report.ts';

interface Case {
  readonly name: string;
  readonly pairs: number;
  readonly target: number;
  heddle(bench: Bench): Promise<void>;
  baseline(bench: Bench, id: string): Promise<void>;
}
const cases: readonly Case[] = [
  {
    name: 'chain-100',
    pairs: 20,
    target: 1.1,
    heddle: ({ heddle }) => heddle.run('bench.chain100', {}),
    baseline: async ({ client }, id) => {
      await client.workflow.execute('chain', { taskQueue: 'baseline', workflowId: id, args: [100] });
    },
  },
  {
    name: 'fan-1000',
    pairs: 20,
    target: 1.15,
    heddle: ({ heddle }) => heddle.run('bench.fan1000', { items: Array.from({ length: 1000 }, (_, i) => i) }),
    baseline: async ({ client }, id) => {
      await client.workflow.execute('fan', { taskQueue: 'baseline', workflowId: id, args: [1000, 100] });
    },
  },
  {
    name: 'chains-50x40',
    pairs: 5,
    target: 1.15,
    heddle: async ({ heddle }) => {
      await Promise.all(Array.from({ length: 50 }, () => heddle.run('bench.chain40', {})));
    },
    baseline: async ({ client }, id) => {
      await Promise.all(
        Array.from({ length: 50 }, (_, i) => client.workflow.execute('chain', { taskQueue: 'baseline', workflowId: `${id}/${i}`, args: [40] })),
      );
    },
  },
];

export async function overhead(only: readonly string[]): Promise<BenchCase[]> {
  const bench = await startBench();
  const done: BenchCase[] = [];
  try {
    for (const one of cases) {
      if (only.length > 0 && !only.includes(one.name)) continue;
      const pairs = Number(process.env['BENCH_PAIRS'] ?? one.pairs);
      const heddle: number[] = [];
      const baseline: number[] = [];
      let n = 0;
      const timed = async (side: 'heddle' | 'baseline'): Promise<number> => {
        const started = performance.now();
        if (side === 'heddle') await one.heddle(bench);
        else await one.baseline(bench, `baseline-${one.name}-${n++}`);
        return performance.now() - started;
      };
      for (let i = 0; i < 3; i++) {
        await timed('heddle');
        await timed('baseline');
      }
      for (let i = 0; i < pairs; i++) {
        const order = i % 2 === 0 ? (['heddle', 'baseline'] as const) : (['baseline', 'heddle'] as const);
        for (const side of order) (side === 'heddle' ? heddle : baseline).push(await timed(side));
        process.stderr.write(`${one.name} ${i + 1}/${pairs}: heddle ${heddle.at(-1)?.toFixed(0)} ms, baseline ${baseline.at(-1)?.toFixed(0)} ms\n`);
      }
      done.push(caseOf(one.name, 'ms', heddle, baseline, one.target));
    }
  } finally {
    await bench.stop();
  }
  return done;
}
