/**
 * hdfs: upload-1gib and download-1gib over WebHDFS beside curl, against one real cluster on this machine. MiB a second; the note has the
 * highest resident memory of this process. BENCH_PAIRS: pairs (default 5); BENCH_HDFS_MIB: size (default 1024).
 */
import { execFileSync } from 'node:child_process';
import { createReadStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openProjectStore } from '../storage/open-file-systems.ts';
import { startHadoop } from '../test/real-parts/hadoop.ts';
import { caseOf, type BenchCase } from './report.ts';

const PAIRS = Number(process.env['BENCH_PAIRS'] ?? 5);
const MIB = Number(process.env['BENCH_HDFS_MIB'] ?? 1024);
const PART = 1024 * 1024;
const TARGET = 0.9;

export async function hdfs(only: readonly string[]): Promise<BenchCase[]> {
  const folder = mkdtempSync(join(tmpdir(), 'heddle-bench-hdfs-'));
  const hadoop = await startHadoop();
  try {
    const file = join(folder, 'content');
    const block = Buffer.alloc(PART, 'heddle ');
    writeFileSync(file, '');
    for (let i = 0; i < MIB; i++) writeFileSync(file, block, { flag: 'a' });
    const [base = ''] = hadoop.namenodes;
    const store = openProjectStore({ storageRoot: 'hdfs://b/bench', project: 'p', hdfs: { b: { namenodes: hadoop.namenodes } } });
    const ours = 'store://ours';
    await store.makeFolder('store://');
    const theirs = `${base}/webhdfs/v1/bench/p/curl?user.name=${process.env['HADOOP_USER_NAME'] ?? process.env['USER'] ?? 'root'}`;
    const curl = (...args: string[]): void => void execFileSync('curl', ['-sS', '--fail', '-L', ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
    const sides = {
      'upload-1gib': {
        heddle: async () => void (await store.write(ours, createReadStream(file, { highWaterMark: PART }))),
        baseline: async () => {
          curl('-X', 'PUT', '-T', file, `${theirs}&op=CREATE&overwrite=true`);
        },
      },
      'download-1gib': {
        heddle: async () => {
          let bytes = 0;
          for await (const part of store.readStream(ours)) bytes += part.length;
          if (bytes !== MIB * PART) throw new Error(`${bytes} bytes came`);
        },
        baseline: async () => {
          curl('-o', '/dev/null', `${theirs}&op=OPEN`);
        },
      },
    };
    const rate = async (work: () => Promise<void>): Promise<number> => {
      const started = performance.now();
      await work();
      return (MIB * 1000) / (performance.now() - started);
    };
    const done: BenchCase[] = [];
    for (const [name, { heddle, baseline }] of Object.entries(sides)) {
      const rates: { heddle: number[]; baseline: number[] } = { heddle: [], baseline: [] };
      await heddle(); // also what the downloads read
      await baseline();
      if (only.length > 0 && !only.includes(name)) continue;
      for (let i = 0; i < PAIRS; i++) {
        for (const side of i % 2 === 0 ? (['heddle', 'baseline'] as const) : (['baseline', 'heddle'] as const))
          rates[side].push(await rate(side === 'heddle' ? heddle : baseline));
        process.stderr.write(`${name} ${i + 1}/${PAIRS}: heddle ${rates.heddle.at(-1)?.toFixed(0)} MiB/s, curl ${rates.baseline.at(-1)?.toFixed(0)} MiB/s\n`);
      }
      const peak = Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? 0) / 1024;
      done.push(caseOf(name, 'MiB/s', rates.heddle, rates.baseline, TARGET, `at most ${peak.toFixed(0)} MiB resident (aim: under 200); ${MIB} MiB`, 'higher'));
    }
    return done;
  } finally {
    await hadoop.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
