/**
 * live-p95: from a start call to the first step's start, of runs one after the other, without and with a backfill beside them
 * that holds all the slots it may with steps that sleep for half a second. The note tells what the backfill got meanwhile.
 */
import type { BackfillRow } from '../catalog/backfills.ts';
import type { RunDetail } from '../dsl/contract/api.ts';
import { startBench, type Bench } from './processes.ts';
import { caseOf, type BenchCase } from './report.ts';

const RUNS = 60;
const SLOTS = 200;

export async function liveBesideBackfill(): Promise<BenchCase[]> {
  const bench = await startBench();
  try {
    await delays(bench, 10, 0);
    const rounds = Number(process.env['BENCH_PAIRS'] ?? 5);
    const beside: number[] = [];
    const alone: number[] = [];
    const shares: number[] = [];
    for (let round = 0; round < rounds; round++) {
      alone.push(p95(await delays(bench, RUNS, 1 + 2 * round)));
      const id = await startSleepy(bench, round);
      await new Promise((resolve) => setTimeout(resolve, 5_000));
      const [before, started] = [await ended(bench, id), performance.now()];
      beside.push(p95(await delays(bench, RUNS, 2 + 2 * round)));
      shares.push((((await ended(bench, id)) - before) * 500) / (performance.now() - started));
      await bench.heddle.call('POST', `/backfills/${id}/cancel`, {});
      await new Promise((resolve) => setTimeout(resolve, 3_000));
      process.stderr.write(
        `live-p95 ${round + 1}/${rounds}: ${alone.at(-1)?.toFixed(0)} ms alone, ${beside.at(-1)?.toFixed(0)} ms beside a backfill with ${shares.at(-1)?.toFixed(0)} slots\n`,
      );
    }
    const note = `the backfill held ${shares.map((share) => share.toFixed(0)).join(', ')} slots of ${SLOTS}; its guaranteed share is ${SLOTS / 4}`;
    return [caseOf('live-p95', 'ms', beside, alone, 1.5, note)];
  } finally {
    await bench.stop();
  }
}

/** From the start call to the first step's start, ms. */
async function delays({ heddle }: Bench, count: number, series: number): Promise<number[]> {
  const found: number[] = [];
  for (let i = 0; i < count; i++) {
    const day = new Date(Date.UTC(2001, 0, 1) + (series * RUNS + i) * 86_400_000).toISOString().slice(0, 10);
    const at = Date.now();
    const { runId } = await heddle.call<{ runId: string }>('POST', '/runs', {
      pipeline: 'bench.live',
      planHash: heddle.plans['bench.live'],
      params: {},
      partition: { day },
    });
    await heddle.wait(runId);
    const run = await heddle.call<RunDetail>('GET', `/runs/${runId}`);
    found.push((run.steps[0]?.startedAt ?? Infinity) - at);
  }
  return found;
}

async function startSleepy({ heddle }: Bench, round: number): Promise<string> {
  const key = (i: number): string => `${new Date(Date.UTC(2001, 0, 1) + i * 3_600_000).toISOString().slice(0, 13)}+00:00`;
  const plan = await heddle.call<BackfillRow>('POST', '/backfills', {
    pipeline: 'bench.sleepy',
    plans: { 'bench.sleepy': heddle.plans['bench.sleepy'] },
    from: key(round * 10_000),
    to: key(round * 10_000 + 9_999),
    concurrency: Number(process.env['BENCH_BACKFILL_SLOTS'] ?? 60),
    order: 'oldest',
  });
  await heddle.call('POST', `/backfills/${plan.id}/start`, { confirm: plan.cells });
  return plan.id;
}
async function ended({ heddle }: Bench, id: string): Promise<number> {
  return (await heddle.call<BackfillRow>('GET', `/backfills/${id}`)).counts.done;
}

function p95(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length * 0.95)] ?? 0;
}
