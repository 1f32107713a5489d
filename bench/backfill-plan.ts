/**
 * plan-100k-seconds: planning 100,000 hourly partitions with three upstream datasets (one by the same hour, one by a window of
 * six hours, one by the hour before), all of them published, in a catalog on disk: from the tables to the plan's pages. Seconds
 * beside ones. plan-1m-seconds the same with 1,000,000. The folders of the store are not listed: see the note.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openCatalog, type Catalog } from '../catalog/catalog.ts';
import { keyReader } from '../api/backfills/sync-states.ts';
import { eachState, longDigest, producersOf, putStates, type PartitionStateRow } from '../catalog/partition-state.ts';
import { chooseKeys } from '../planner/choose-keys.ts';
import { pagesOf, planPipelines } from '../planner/make-plan.ts';
import { PartitionTable } from '../planner/partition-table.ts';
import type { Edge, PipelineFacts } from '../planner/pipeline-facts.ts';
import type { DatasetDef } from '../dsl/plan/types.ts';
import { partitionPath } from '../storage/datasets/partition-path.ts';
import { caseOf, type BenchCase } from './report.ts';

const HOUR = { kind: 'hour', start: '1900-01-01' } as const;
const datasetOf = (name: string): DatasetDef => ({ name, uri: `store://${name}`, partitions: { hour: HOUR }, schema: {} });
const OWN = { hour: { $ref: ['$partition', 'hour'] } };
const edge = (name: string, over: Partial<Edge>): Edge => ({ dataset: datasetOf(name), how: 'at', key: OWN, span: null, ifAny: false, ...over });

export async function backfillPlan(only: readonly string[]): Promise<BenchCase[]> {
  const done: BenchCase[] = [];
  for (const [name, count, rounds, target] of [
    ['plan-100k-seconds', 100_000, Number(process.env['BENCH_PAIRS'] ?? 5), 2],
    ['plan-1m-seconds', 1_000_000, 1, 20],
  ] as const)
    if (only.length === 0 || only.includes(name)) done.push(await planCase(name, count, rounds, target));
  return done;
}

async function planCase(name: string, count: number, rounds: number, target: number): Promise<BenchCase> {
  const folder = mkdtempSync(join(tmpdir(), 'heddle-bench-plan-'));
  const file = join(folder, 'catalog.db');
  const catalog = await openCatalog(`sqlite:${file}`);
  try {
    const facts: PipelineFacts = {
      pipeline: 'bench.plan',
      dimensions: { hour: HOUR },
      outputs: [{ dataset: datasetOf('out'), task: 'bench.task', version: '1' }],
      edges: [edge('a', {}), edge('b', { how: 'window', span: '6h' }), edge('c', { key: { hour: { $ref: ['$partition', 'previous', 'hour'] } } })],
      loose: [],
    };
    const keys = Array.from({ length: count + 6 }, (_, i) => `${new Date(Date.UTC(1900, 0, 1) + i * 3_600_000).toISOString().slice(0, 13)}+00:00`);
    for (const dataset of ['out', 'a', 'b', 'c']) await fill(catalog, dataset, keys);
    const bytes = statSync(file).size / (keys.length * 4);
    const seconds: number[] = [];
    globalThis.gc?.();
    const before = process.memoryUsage().rss;
    let most = before;
    let chosen = 0;
    for (let i = 0; i < rounds; i++) {
      const started = performance.now();
      const tables = new Map<string, PartitionTable>();
      for (const dataset of ['out', 'a', 'b', 'c']) tables.set(dataset, await load(catalog, datasetOf(dataset)));
      const loaded = performance.now();
      const cpu = process.cpuUsage();
      const wanted = chooseKeys(facts.dimensions, { from: keys[6] ?? '', to: keys.at(-1) ?? '', keys: null, where: {} }, Date.now(), new Map());
      const planned = planPipelines(
        { pipelines: new Map([[facts.pipeline, facts]]), world: { tables, digests: new Map(), reads: new Map() }, runs: new Map(), tooOld: new Map() },
        { target: facts.pipeline, keys: wanted, rules: { force: false, codeDrift: false, only: null }, withUpstream: false },
      );
      const pages = pagesOf(planned, { order: 'newest', planHash: () => 'h', pageCells: () => 500 });
      seconds.push((performance.now() - started) / 1000);
      chosen = pages.reduce((sum, page) => sum + page.cells.length, 0);
      most = Math.max(most, process.memoryUsage().rss);
      process.stderr.write(
        `${name}: ${seconds.at(-1)?.toFixed(2)} s (${((loaded - started) / 1000).toFixed(2)} s of it from the catalog; ${(process.cpuUsage(cpu).user / 1e6).toFixed(2)} s of CPU for the rest), ${chosen} to run\n`,
      );
    }
    const note = `${chosen} of ${count} to run (every tenth is stale by code); resident ${((most - before) / 2 ** 20).toFixed(0)} MiB above the start; ${bytes.toFixed(0)} bytes on disk a published partition, indices included`;
    return caseOf(
      name,
      's',
      seconds,
      seconds.map(() => 1),
      target,
      note,
    );
  } finally {
    await catalog.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function fill(catalog: Catalog, name: string, keys: readonly string[]): Promise<void> {
  const dataset = datasetOf(name);
  for (let first = 0; first < keys.length; first += 10_000) {
    const states = keys.slice(first, first + 10_000).map((hour, i): PartitionStateRow => {
      const digest = `sha256:${Buffer.from(`${name}${hour}`.padEnd(32, '.')).subarray(0, 32).toString('hex')}`;
      return {
        path: partitionPath(dataset, { hour }),
        generation: 1,
        manifest: digest,
        task: name === 'out' ? 'bench.task' : 'upstream.task',
        version: name === 'out' && (first + i) % 10 === 0 ? '0' : '1',
        codeDigest: 'sha256:code',
        madeBy: `01J0000000000000000000${String(first + i).padStart(8, '0')}/bench.task`,
        publishedAt: name === 'out' ? 2_000 : 1_000,
        pinnedAt: 1_500,
        rows: 100,
        bytes: 1_000,
      };
    });
    await catalog.transaction((trx) => putStates(trx, 'bench', dataset.uri, states));
  }
}

async function load(catalog: Catalog, dataset: DatasetDef): Promise<PartitionTable> {
  const producers = await producersOf(catalog.db);
  const table = new PartitionTable(longDigest);
  const keyOf = keyReader(dataset);
  await eachState(catalog.db, 'bench', dataset.uri, (state) => {
    const producer = table.producerNumber(producers.get(state.producer) ?? { task: null, version: null, codeDigest: null });
    table.add(keyOf(state.path) ?? '', {
      manifest: state.manifest,
      producer,
      madeBy: state.made_by,
      publishedAt: state.published_at,
      pinnedAt: state.pinned_at,
    });
  });
  return table;
}
