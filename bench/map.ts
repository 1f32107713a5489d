/**
 * map-10k, map-100k and its last tenth: a map over an item list, 100 items in flight, beside `mapPages`. The resident memory
 * of the process with the workflow worker is sampled each second; its slope after 10 % is reported in the note. A side of
 * map-100k takes many minutes: it says how far it is, and with BENCH_RESUME=FILE a side that has finished is kept there, and the next start goes on.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from './baselines/workflows.ts';
import { startBench, type Bench } from './processes.ts';
import { caseOf, type BenchCase } from './report.ts';
import { slope } from './statistics.ts';

export async function map(only: readonly string[]): Promise<BenchCase[]> {
  const bench = await startBench();
  const done: BenchCase[] = [];
  const wanted = (name: string): boolean => only.length === 0 || only.includes(name);
  try {
    if (wanted('map-10k')) {
      const pairs = Number(process.env['BENCH_PAIRS'] ?? 5);
      const heddle: number[] = [];
      const baseline: number[] = [];
      await ours(bench, 1000);
      await theirs(bench, 1000, 'warm');
      for (let i = 0; i < pairs; i++) {
        for (const side of i % 2 === 0 ? ['heddle', 'baseline'] : ['baseline', 'heddle']) {
          if (side === 'heddle') heddle.push((await ours(bench, 10_000)).ms);
          else baseline.push(await theirs(bench, 10_000, String(i)));
        }
        process.stderr.write(`map-10k ${i + 1}/${pairs}: heddle ${heddle.at(-1)?.toFixed(0)} ms, baseline ${baseline.at(-1)?.toFixed(0)} ms\n`);
      }
      done.push(caseOf('map-10k', 'ms', heddle, baseline, 1.15));
    }
    if (wanted('map-100k')) {
      const run = await resumable('map-100k-heddle', () => ours(bench, 100_000));
      const baseline = await resumable('map-100k-baseline', () => theirs(bench, 100_000, 'large'));
      done.push(caseOf('map-100k', 'ms', [run.ms], [baseline], null, run.memory));
      if (run.firstTenth > 0)
        done.push(
          caseOf('map-100k-last-tenth', 'ms', [run.lastTenth], [run.firstTenth], 1.15, 'time for the last 10,000 items beside that for the first 10,000'),
        );
    }
  } finally {
    await bench.stop();
  }
  return done;
}

/** The kept result of a part of a long benchmark, or that of running it. */
async function resumable<T>(part: string, run: () => Promise<T>): Promise<T> {
  const file = process.env['BENCH_RESUME'];
  const kept = file && existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Record<string, T>) : {};
  const before = kept[part];
  if (before !== undefined) return before;
  const result = await run();
  process.stderr.write(`${part}: ${JSON.stringify(result)}\n`);
  if (file) writeFileSync(file, JSON.stringify({ ...kept, [part]: result }));
  return result;
}

async function ours(bench: Bench, count: number): Promise<{ ms: number; firstTenth: number; lastTenth: number; memory: string }> {
  const memory: [number, number][] = [];
  const marks: { readonly at: number; readonly chunks: number }[] = [];
  const started = performance.now();
  const runId = await bench.heddle.start('bench.map_list', { count });
  let over = false;
  const sampler = (async () => {
    while (!over) {
      memory.push([(performance.now() - started) / 1000, residentMiB(bench.serverPid)]);
      if (count >= 100_000) {
        const run = await bench.heddle.call<{ counts: { done?: number } }>('GET', `/runs/${runId}?limit=1`);
        const mark = { at: performance.now() - started, chunks: run.counts.done ?? 0 };
        if (mark.chunks % 20 === 0 && mark.chunks !== marks.at(-1)?.chunks)
          process.stderr.write(`${mark.chunks} chunks after ${(mark.at / 1000).toFixed(0)} s, ${memory.at(-1)?.[1].toFixed(0)} MiB\n`);
        marks.push(mark);
      }
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  })();
  sampler.catch(() => undefined); // thrown below, where the processes are still stopped
  const run = await bench.heddle.wait(runId);
  const ms = performance.now() - started;
  over = true;
  await sampler;
  if (run.status !== 'done') throw new Error(`bench.map_list ended ${run.status}: ${run.failure}`);
  const chunks = count / 500;
  const timeOf = (share: number): number => marks.find((mark) => mark.chunks >= share * chunks)?.at ?? ms;
  const warm = memory.filter(([at]) => at * 1000 > ms * 0.1);
  const mean = warm.reduce((sum, [, value]) => sum + value, 0) / Math.max(1, warm.length);
  const rise = warm.length > 2 ? (slope(warm) * ((warm.at(-1)?.[0] ?? 0) - (warm[0]?.[0] ?? 0))) / mean : 0;
  return {
    ms,
    firstTenth: timeOf(0.1),
    lastTenth: ms - timeOf(0.9),
    memory: `resident memory of the server's process: mean ${mean.toFixed(0)} MiB, rise over the run ${(rise * 100).toFixed(1)} % of it (aim: under 5 %)`,
  };
}

export async function theirs(bench: Bench, count: number, id: string): Promise<number> {
  const folder = join(bench.folder, `baseline-${count}-${id}`);
  mkdirSync(folder);
  const pages: Page[] = [];
  for (let first = 0; first < count; first += 500) {
    const uri = join(folder, `${first}.json`);
    writeFileSync(uri, JSON.stringify(Array.from({ length: 500 }, (_, i) => first + i)));
    pages.push({ uri, first, count: 500 });
  }
  const started = performance.now();
  await bench.client.workflow.execute('mapPages', { taskQueue: 'baseline', workflowId: `map-${count}-${id}`, args: [pages, 4, 25] });
  return performance.now() - started;
}

export const residentMiB = (pid: number): number => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
