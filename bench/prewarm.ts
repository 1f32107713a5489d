/**
 * prewarm: entries written a second into each kind of cache. redis beside redis-benchmark at the same depth and value size,
 * cassandra beside a hand-written loop over its driver, embedded beside the aim of 500,000. BENCH_PAIRS: pairs (default 5).
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, types } from 'cassandra-driver';
import type { CacheStore } from '../activities/cache/cache-store.ts';
import { expiries } from '../activities/cache/expiry.ts';
import { openCache } from '../activities/cache/open-cache.ts';
import { PREDICTION_BYTES, type Entries } from '../activities/cache/prediction.ts';
import { DEFAULT_DEPTH } from '../activities/cache/redis-bulk.ts';
import { writePredictions } from '../activities/cache/write-predictions.ts';
import { startCassandra } from '../test/real-parts/cassandra.ts';
import { startRedis } from '../test/real-parts/redis.ts';
import { caseOf, type BenchCase } from './report.ts';

const PAIRS = Number(process.env['BENCH_PAIRS'] ?? 5);

/** Keys as flights.prewarm makes them, ascending. */
function entries(count: number): Entries {
  const keys = Array.from(
    { length: count },
    (_, i) => `R${String(Math.floor(i / 168)).padStart(6, '0')}/${Math.floor((i % 168) / 24)}/${String(i % 24).padStart(2, '0')}`,
  );
  return {
    keys,
    scores: Float32Array.from(keys, (_, i) => i / count),
    expiresAt: expiries(keys, Math.floor(Date.now() / 1000), 7 * 86_400),
    inputs: new Float64Array(count).fill(7),
    stamp: Date.now(),
  };
}
let versions = 0;
/** Entries a second into a fresh version, all acknowledged. */
async function written(store: CacheStore, what: Entries): Promise<number> {
  const version = `v${++versions}`;
  await store.create(version);
  const started = performance.now();
  await writePredictions(store, version, what);
  const rate = (1_000 * what.keys.length) / (performance.now() - started);
  await store.drop(version);
  return rate;
}

async function pairs(name: string, target: number, note: string, ours: () => Promise<number>, theirs: () => Promise<number>): Promise<BenchCase> {
  const heddle: number[] = [];
  const baseline: number[] = [];
  await ours();
  await theirs();
  for (let i = 0; i < PAIRS; i++) {
    if (i % 2 === 0) heddle.push(await ours());
    baseline.push(await theirs());
    if (i % 2 === 1) heddle.push(await ours());
    process.stderr.write(`${name} ${i + 1}/${PAIRS}: heddle ${Math.round(heddle.at(-1) ?? 0)}/s, baseline ${Math.round(baseline.at(-1) ?? 0)}/s\n`);
  }
  return caseOf(name, 'entries/s', heddle, baseline, target, note, 'higher');
}

async function redis(): Promise<BenchCase> {
  const part = await startRedis();
  const store = await openCache({ kind: 'redis', address: `${part.host}:${part.port}` }, 'bench');
  try {
    const what = entries(400_000);
    const connections = DEFAULT_DEPTH.inFlight / DEFAULT_DEPTH.batch;
    const args = ['-h', part.host, '-p', String(part.port), '-t', 'set', '-n', '400000', '-r', '400000', '-d', String(PREDICTION_BYTES), '--csv'];
    const benchmark = async (): Promise<number> => {
      const out = execFileSync('redis-benchmark', [...args, '-P', String(DEFAULT_DEPTH.batch), '-c', String(connections)], { encoding: 'utf8' });
      execFileSync('redis-cli', ['-h', part.host, '-p', String(part.port), 'del', 'none']); // the same pause as between our rounds
      return Number(/"SET","([\d.]+)"/.exec(out)?.[1]);
    };
    const note = `redis-benchmark -t set -d ${PREDICTION_BYTES} -P ${DEFAULT_DEPTH.batch} -c ${connections}: plain SET without expiry; ours is SET NX EXAT with as many out`;
    return await pairs('redis', 0.8, note, () => written(store, what), benchmark);
  } finally {
    await store.close();
    await part.stop();
  }
}

async function cassandra(): Promise<BenchCase> {
  const part = await startCassandra();
  const place = { contactPoints: [part.contactPoint], localDataCenter: part.localDataCenter };
  const store = await openCache({ kind: 'cassandra', ...place, keyspace: 'bench', replication: 1 }, 'bench');
  const client = new Client({ ...place, keyspace: 'bench' });
  try {
    const what = entries(30_000);
    await client.execute('CREATE TABLE IF NOT EXISTS by_hand (key text PRIMARY KEY, value blob)');
    const value = Buffer.alloc(PREDICTION_BYTES, 1);
    const byHand = async (): Promise<number> => {
      await client.execute('TRUNCATE by_hand');
      let next = 0;
      const started = performance.now();
      const lane = async (): Promise<void> => {
        while (next < what.keys.length)
          await client.execute('INSERT INTO by_hand (key, value) VALUES (?, ?) USING TTL 604800', [what.keys[next++], value], {
            prepare: true,
            consistency: types.consistencies.localQuorum,
          });
      };
      await Promise.all(Array.from({ length: 256 }, lane));
      return (1_000 * what.keys.length) / (performance.now() - started);
    };
    for (let i = 0; i < 2; i++) await written(store, what); // the node's code is compiled while it runs
    return await pairs('cassandra', 0.8, 'a loop of 256 lanes over client.execute, prepared, LOCAL_QUORUM, one node', () => written(store, what), byHand);
  } finally {
    await store.close();
    await client.shutdown();
    await part.stop();
  }
}

async function embedded(): Promise<BenchCase> {
  const folder = mkdtempSync(join(tmpdir(), 'heddle-bench-cache-'));
  const store = await openCache({ kind: 'embedded', folder }, 'bench');
  try {
    const what = entries(1_000_000);
    return await pairs(
      'embedded',
      1,
      'the baseline is the aim of 500,000 a second',
      () => written(store, what),
      async () => 500_000,
    );
  } finally {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

export async function prewarm(only: readonly string[]): Promise<BenchCase[]> {
  const done: BenchCase[] = [];
  for (const [name, measure] of Object.entries({ embedded, redis, cassandra })) if (only.length === 0 || only.includes(name)) done.push(await measure());
  return done;
}
