/** npm run bench -- NAME [CASE...] [--json FILE] */
import { parseArgs } from 'node:util';
import { print, report, type BenchCase } from './report.ts';

const benches: Readonly<Record<string, () => Promise<(only: readonly string[]) => Promise<BenchCase[]>>>> = {
  'backfill-plan': async () => (await import('./backfill-plan.ts')).backfillPlan,
  'backfill-run': async () => (await import('./backfill-run.ts')).backfillRun,
  'live-beside-backfill': async () => (await import('./live-beside-backfill.ts')).liveBesideBackfill,
  columns: async () => (await import('./columns.ts')).columns,
  commit: async () => (await import('./commit.ts')).commit,
  features: async () => (await import('./features.ts')).features,
  overhead: async () => (await import('./overhead.ts')).overhead,
  map: async () => (await import('./map.ts')).map,
  hdfs: async () => (await import('./hdfs.ts')).hdfs,
  memory: async () => (await import('./memory.ts')).memory,
  startup: async () => (await import('./startup.ts')).startup,
  prewarm: async () => (await import('./prewarm.ts')).prewarm,
  schedules: async () => (await import('./schedules.ts')).schedules,
  scoring: async () => (await import('./scoring.ts')).scoring,
  typecheck: async () => (await import('./typecheck.ts')).typecheck,
};

const { values, positionals } = parseArgs({ allowPositionals: true, options: { json: { type: 'string' }, help: { type: 'boolean' } } });
const [name, ...only] = positionals;
const load = name === undefined ? undefined : benches[name];
if (!load || values.help) {
  process.stderr.write(`npm run bench -- NAME [CASE...] [--json FILE]\nNAME: ${Object.keys(benches).join(', ')}\n`);
  process.exitCode = values.help ? 0 : 2;
} else {
  const bench = await load();
  print(report(name ?? '', await bench(only)), values.json ?? null);
}
