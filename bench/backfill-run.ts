/**
 * partitions-10k: a backfill of 10,000 partitions of one no-op step each, 100 at once, beside `mapPages` over as many items. The
 * time is from the start call to the state 'done': the plan made again, outcomes and histories written, and the reconciliation
 * are in it. partitions-100k (once, when asked for by name): time for each partition beside that of 1,000.
 */
import type { BackfillRow } from '../catalog/backfills.ts';
import { residentMiB, theirs } from './map.ts';
import { startBench, type Bench } from './processes.ts';
import { caseOf, type BenchCase } from './report.ts';

const HOUR_MS = 3_600_000;
const hourKey = (i: number): string => `${new Date(Date.UTC(2001, 0, 1) + i * HOUR_MS).toISOString().slice(0, 13)}+00:00`;

export async function backfillRun(only: readonly string[]): Promise<BenchCase[]> {
  const bench = await startBench();
  const done: BenchCase[] = [];
  const wanted = (name: string): boolean => only.length === 0 || only.includes(name);
  let next = 0;
  const ours = async (count: number): Promise<number> => {
    const first = next;
    next += count;
    return runRange(bench, first, count);
  };
  try {
    if (wanted('partitions-10k')) {
      const pairs = Number(process.env['BENCH_PAIRS'] ?? 5);
      const heddle: number[] = [];
      const baseline: number[] = [];
      await ours(1_000);
      await theirs(bench, 1_000, 'warm');
      for (let i = 0; i < pairs; i++) {
        for (const side of i % 2 === 0 ? ['heddle', 'baseline'] : ['baseline', 'heddle']) {
          if (side === 'heddle') heddle.push(await ours(10_000));
          else baseline.push(await theirs(bench, 10_000, String(i)));
        }
        process.stderr.write(`partitions-10k ${i + 1}/${pairs}: heddle ${heddle.at(-1)?.toFixed(0)} ms, baseline ${baseline.at(-1)?.toFixed(0)} ms\n`);
      }
      done.push(caseOf('partitions-10k', 'ms', heddle, baseline, 1.15));
    }
    if (only.includes('partitions-100k')) {
      await ours(1_000);
      const small = (await ours(1_000)) / 1_000;
      const before = residentMiB(bench.serverPid);
      const large = (await ours(100_000)) / 100_000;
      const note = `ms a partition of 100,000 beside those of 1,000; resident memory of the server's process ${before.toFixed(0)} MiB before, ${residentMiB(bench.serverPid).toFixed(0)} after`;
      done.push(caseOf('partitions-100k-each', 'ms', [large], [small], 1.15, note));
    }
  } finally {
    await bench.stop();
  }
  return done;
}

async function runRange({ heddle }: Bench, first: number, count: number): Promise<number> {
  const plan = await heddle.call<BackfillRow>('POST', '/backfills', {
    pipeline: 'bench.hours',
    plans: { 'bench.hours': heddle.plans['bench.hours'] },
    from: hourKey(first),
    to: hourKey(first + count - 1),
    concurrency: 100,
    order: 'oldest',
  });
  if (plan.cells !== count) throw new Error(`the plan has ${plan.cells} cells, not ${count}`);
  const started = performance.now();
  await heddle.call('POST', `/backfills/${plan.id}/start`, { confirm: count });
  for (;;) {
    const { state, counts, why } = await heddle.call<BackfillRow>('GET', `/backfills/${plan.id}`);
    if (state === 'done') {
      if (counts.done !== count) throw new Error(`${counts.done} of ${count} are done`);
      return performance.now() - started;
    }
    if (state !== 'running') throw new Error(`it is ${state}: ${why ?? ''}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
