/** One run of Heddle's side of the benchmark `scoring`, in a process of its own: INPUT MODEL OUTPUT THREADS [TIMES]. Prints one JSON line. */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { pipeline } from 'node:stream/promises';
import type { RangeSource } from '../activities/scoring/columns/column-info.ts';
import { LocalScorer } from '../activities/scoring/local-scorer.ts';
import { scoreParquet } from '../activities/scoring/score-parquet.ts';
import type { ScoreSummary } from '../activities/scoring/score-summary.ts';
import { flightFormulas } from '../activities/flights/flight-formulas.ts';

const [input, modelFile, output, threads, times = '1'] = process.argv.slice(2);
if (!input || !modelFile || !output || !threads) throw new Error('INPUT MODEL OUTPUT THREADS [TIMES]');
const bytes = await readFile(modelFile);
const digest = createHash('sha256').update(bytes).digest('hex');
const file = await open(input);
const source: RangeSource = {
  name: input,
  bytes: (await file.stat()).size,
  async read(offset, length) {
    const { buffer } = await file.read(Buffer.alloc(length), 0, length, offset);
    return buffer;
  },
};
const scorer = new LocalScorer({ threads: Number(threads) });
const load = async (): Promise<Uint8Array> => bytes;
const schema = { features: flightFormulas.map(({ feature }) => feature), profile: null };
const formulas = { module: new URL('../activities/flights/flight-formulas.ts', import.meta.url).href, name: 'flightFormulas' };
const rss: number[] = [];

async function pass(): Promise<number> {
  let scored = 0;
  const done = (summary: ScoreSummary): void => {
    scored = summary.scored;
  };
  const parts = scoreParquet(scorer, source, { model: { digest, load, schema }, formulas, keep: ['date', 'origin', 'destination'], done });
  await pipeline(parts, createWriteStream(output as string)); // looked at above
  rss.push(Math.round(process.memoryUsage.rss() / 2 ** 20));
  return scored;
}
await pass(); // warm, as a worker is
const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
let longestCpuMs = 0;
let before = process.threadCpuUsage();
/** What the main thread itself computes between two turns: neighbours on the machine do not count. */
const watch = setInterval(() => {
  const now = process.threadCpuUsage();
  longestCpuMs = Math.max(longestCpuMs, (now.user + now.system - before.user - before.system) / 1000);
  before = now;
}, 1);
const started = performance.now();
const cpu = process.cpuUsage();
let rows = 0;
for (let time = 0; time < Number(times); time++) rows += await pass();
const seconds = (performance.now() - started) / 1000;
const { user, system } = process.cpuUsage(cpu);
clearInterval(watch);
await scorer.close();
await file.close();
const peakMiB = Math.round(process.resourceUsage().maxRSS / 1024);
process.stdout.write(`${JSON.stringify({ rows, seconds, cpuSeconds: (user + system) / 1e6, peakMiB, rss, longestCpuMs, maxDelayMs: delay.max / 1e6 })}\n`);
