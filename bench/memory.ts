/**
 * Resident memory of the server's process for each open run: 20 plans of 100 steps, half of the steps done, the rest behind
 * an approval; 500 runs, then 1,500. The figure is the slope between the first and the last, in KiB a run. Half an hour on two
 * cores: BENCH_RUNS=100,300 takes these numbers of runs instead.
 */
import { readFileSync } from 'node:fs';
import { startBench } from './processes.ts';
import { caseOf, type BenchCase } from './report.ts';

export async function memory(): Promise<BenchCase[]> {
  const bench = await startBench();
  try {
    const resident = (): number => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${bench.serverPid}/status`, 'utf8'))?.[1] ?? 0);
    const points: [number, number][] = [];
    const goals = (process.env['BENCH_RUNS'] ?? '500,1000,1500').split(',').map(Number);
    let started = 0;
    for (const goal of goals) {
      while (started < goal) {
        const batch = Array.from({ length: 20 }, () => bench.heddle.start(`bench.open${started++ % 20}`, {}));
        const ids = await Promise.all(batch);
        for (const id of ids) await waiting(bench.heddle, id);
      }
      await new Promise((resolve) => setTimeout(resolve, 5000));
      points.push([goal, resident()]);
      process.stderr.write(`${goal} open runs: ${(resident() / 1024).toFixed(0)} MiB\n`);
    }
    const first = points[0] ?? [0, 0];
    const last = points.at(-1) ?? first;
    const perRun = (last[1] - first[1]) / (last[0] - first[0]);
    return [
      caseOf(
        'memory-per-open-run',
        'KiB',
        [perRun],
        [250],
        1,
        `resident memory: ${points.map(([runs, kib]) => `${runs} runs ${(kib / 1024).toFixed(0)} MiB`).join(', ')}; the baseline is the aim of 250 KiB a run`,
      ),
    ];
  } finally {
    await bench.stop();
  }
}

async function waiting(client: { call<T>(method: string, path: string): Promise<T> }, runId: string): Promise<void> {
  const deadline = Date.now() + 120_000;
  for (;;) {
    const run = await client.call<{ counts: { waiting?: number } }>('GET', `/runs/${runId}?limit=1`);
    if ((run.counts.waiting ?? 0) > 0) return;
    if (Date.now() > deadline) throw new Error(`${runId} did not come to its approval`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
