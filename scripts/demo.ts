/**
 * The demo: the four reference pipelines on real flights, as a user would run them, through the `heddle` command. Started by
 * scripts/demo.mjs, which has set up what is needed. Options: --store hdfs (a real HDFS in the place of a folder), --keep (the
 * server stays up), --state FOLDER, --report FILE.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { RunDetail } from '../dsl/contract/api.ts';
import { openProjectStore } from '../storage/open-file-systems.ts';
import type { Store } from '../storage/store.ts';
import { startHdfs, type DemoHdfs } from './demo/hdfs.ts';
import { startDevServer, type DevServer } from './demo/dev-server.ts';
import { HeddleCommand, say } from './demo/heddle-command.ts';
import { checkCache } from './demo/read-cache.ts';
import { closingTable, rowOf, type DemoReport } from './demo/report.ts';

const { values: options } = parseArgs({
  options: { keep: { type: 'boolean', default: false }, store: { type: 'string', default: 'file' }, state: { type: 'string' }, report: { type: 'string' } },
});
const root = join(import.meta.dirname, '..');
const state = resolve(options.state ?? join(root, '.heddle', 'demo'));
const cache = join(state, 'cache');
const reportFile = resolve(options.report ?? join(root, 'demo-report.json'));
if (options.store !== 'file' && options.store !== 'hdfs') {
  say(`--store is file or hdfs, and not ${options.store}`);
  process.exit(2);
}
if (options.store === 'hdfs' && options.keep) {
  say('--keep goes with --store file: the HDFS of the demo ends with it');
  process.exit(2);
}
const started = performance.now();

/** Trains before 2001-03-01, tests on the seven days from it, scores the day after those. */
const SCORED = '2001-03-08';
const FEATURES = daysBefore(SCORED, 35);
const LANDED = [...daysBefore(FEATURES[0]!, 28), ...FEATURES, SCORED];
const APPROVAL_MS = 180_000;

const python = spawnSync('python3', ['--version'], { encoding: 'utf8' });
const withPython = python.status === 0;

rmSync(state, { recursive: true, force: true });
mkdirSync(state, { recursive: true });
let hdfs: DemoHdfs | null = null;
if (options.store === 'hdfs') {
  say('\na real HDFS of its own (Hadoop, fetched once by Maven)');
  try {
    hdfs = await startHdfs();
  } catch (error) {
    say(`the demo failed: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(3);
  }
  say(`WebHDFS at ${hdfs.namenodes.join(', ')}; the store is hdfs://demo/heddle`);
}
const heddle = new HeddleCommand(state, hdfs ? { HEDDLE_STORAGE_ROOT: 'hdfs://demo/heddle', HEDDLE_HDFS: `demo=${hdfs.namenodes.join(',')}` } : {});
const store = openProjectStore(
  hdfs
    ? { storageRoot: 'hdfs://demo/heddle', project: 'default', hdfs: { demo: { namenodes: hdfs.namenodes } } }
    : { storageRoot: join(state, 'store'), project: 'default', hdfs: {} },
);
let server: DevServer | null = null;
let stopped = false;
const interrupted = async (): Promise<void> => {
  stopped = true;
  say('\nstopping');
  heddle.stop();
  await server?.stop();
  await hdfs?.stop();
  process.exit(130);
};
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void interrupted());
let done = false;
try {
  chapter('heddle dev: Temporal, server and worker on a fresh state folder');
  server = await startDevServer(heddle, state);
  say(`up at ${server.state.server}, state in ${state}`);
  say(
    `python3: ${withPython ? `${python.stdout.trim()}, so scoring runs its report step in Python (--param python=true)` : 'not here, so scoring leaves out its report step in Python (--param python=false)'}`,
  );
  done = await demo(server);
} catch (error) {
  if (stopped) await new Promise(() => {}); // interrupted() ends the process
  say(`\nthe demo failed: ${error instanceof Error ? error.message : String(error)}`);
  say(`the log of heddle dev: ${join(state, 'dev.log')}`);
}
if (server && options.keep) {
  server.leave();
  say(`heddle dev stays up: ${server.state.server} (stop it: kill ${server.pid}; talk to it: HEDDLE_STATE=${state} heddle runs)`);
} else {
  await server?.stop();
  await hdfs?.stop();
}
process.exit(done ? 0 : 1);

async function demo({ state: up, peakMiB }: DevServer): Promise<boolean> {
  chapter(`flights.land: ${LANDED.length} days of flights`);
  const land = await run('flights.land', '--param', `days=${JSON.stringify(LANDED)}`);
  chapter(`flights.features: a backfill of ${FEATURES.length + 1} days, planned by the state of the data`);
  await backfill('plan', 'flights.features', '--from', FEATURES[0]!, '--to', SCORED, '--concurrency', '4', '--order', 'oldest');
  await heddle.show('backfill', 'start', 'last', '--wait');
  const features = await detail(`last:flights.features`);

  chapter('flights.train: 28 days, tested on the 7 after them; a person approves');
  const trainId = await start('flights.train', '--partition', SCORED, '--param', `cache=${cache}`, '--param', `python=${withPython}`);
  await approvalOf(trainId);
  await heddle.show('approve', trainId, '--note', 'the demo has looked at the AUC');
  await heddle.show('watch', trainId);
  const train = await detail(trainId);
  const trained = outputOf<TrainOutput>(train).trained;
  if (!trained?.promoted?.started) throw new Error(`nothing was promoted: ${JSON.stringify(train.output)}`);

  chapter(`flights.score and flights.prewarm: started by flights.train with version ${trained.promoted.version}`);
  await heddle.show('watch', trained.promoted.started.scoring);
  await heddle.show('watch', trained.promoted.started.warming);
  const score = await detail(trained.promoted.started.scoring);
  const prewarm = await detail(trained.promoted.started.warming);
  const warmed = outputOf<WarmOutput>(prewarm);

  chapter('the cache, read by a reader in another process and compared with fresh scores');
  const { routes } = stepOutput<{ routes: { uri: string } }>(prewarm, 'flights.enumerate');
  const { model } = stepOutput<{ model: { uri: string; digest: string } }>(train, 'register');
  const check = await checkCache(store, cache, routes.uri, model);
  for (const { key, score: found } of check.examples) say(`  ${key}  ${found === null ? 'nothing' : `${(100 * found).toFixed(1)} % late`}`);
  say(
    `  version ${check.version}: ${check.found.toLocaleString('en-US')} of ${check.expected.toLocaleString('en-US')} entries, ${check.mismatches} mismatches`,
  );

  const repaired = await repairs(store);

  const rows = [rowOf(features), rowOf(train, stepOutput<{ rows: number }>(train, 'flights.build_dataset').rows), rowOf(score), rowOf(prewarm, warmed.entries)];
  const report: DemoReport = {
    pipelines: rows,
    model: { auc: trained.auc, baseRate: trained.baseRate },
    cache: { entries: check.found, coverage: check.found / check.expected, mismatches: check.mismatches + warmed.mismatches },
  };
  writeFileSync(reportFile, `${JSON.stringify(report, null, 2)}\n`);
  const seconds = (performance.now() - started) / 1000;
  say(
    `\n${closingTable([rowOf(land), ...rows], {
      'flights.features': `the last of ${FEATURES.length + 1} days; backfill and redo: ${repaired} days mended`,
      'flights.train': `AUC ${trained.auc.toFixed(4)} (${trained.low.toFixed(3)} to ${trained.high.toFixed(3)}), ${(100 * trained.baseRate).toFixed(1)} % late`,
      'flights.prewarm': `coverage ${(100 * report.cache.coverage).toFixed(1)} %, ${report.cache.mismatches} mismatches`,
    })}`,
  );
  const peak = peakMiB();
  say(`\n${seconds.toFixed(0)} s in all${peak === null ? '' : `, at most ${Math.round(peak)} MiB of memory`}`);
  say(`the page: ${up.server}${up.temporalUi ? `, Temporal's own: ${up.temporalUi}` : ''}${options.keep ? '' : ' (stopped now; --keep leaves it up)'}`);
  say(`report: ${reportFile}`);
  return report.pipelines.every(({ status }) => status === 'done') && report.cache.mismatches === 0;
}

/** Deletes three inner days of features and damages the flights of one of them: a backfill finds both, and a redo ends it. */
async function repairs(files: Store): Promise<number> {
  const [first, second, third] = [FEATURES[9]!, FEATURES[10]!, FEATURES[20]!];
  chapter(`three days of features are lost, and the flights of ${third} are damaged: what would a backfill do?`);
  for (const day of [first, second, third]) await files.remove(`store://flights/features/day=${day}`, { recursive: true });
  const raw = (await files.list(`store://flights/raw/day=${third}`)).find(({ uri }) => uri.endsWith('.parquet'));
  if (!raw) throw new Error(`the flights of ${third} have no Parquet file`);
  const whole = await files.read(raw.uri);
  await files.write(raw.uri, new Uint8Array(whole.length));
  const { summary, cells } = await backfill('plan', 'flights.features', '--from', FEATURES[0]!, '--to', SCORED);
  if (cells !== 3) throw new Error(`the plan has ${cells} days to run, and 3 were deleted: ${JSON.stringify(summary)}`);
  if ((await heddle.showAny('backfill', 'start', 'last', '--wait')) !== 1) throw new Error('a day whose flights are damaged was computed');
  say(`\nthe flights of ${third} are put back as they were`);
  await files.write(raw.uri, whole);
  await backfill('redo', 'last');
  await heddle.show('backfill', 'start', 'last', '--wait');
  return cells;
}

interface TrainOutput {
  readonly trained: {
    readonly auc: number;
    readonly low: number;
    readonly high: number;
    readonly baseRate: number;
    readonly promoted: { readonly version: string; readonly started: { readonly scoring: string; readonly warming: string } | null } | null;
  } | null;
}
interface WarmOutput {
  readonly entries: number;
  readonly mismatches: number;
}

/** A backfill command, shown; gives the newest backfill. */
async function backfill(...args: string[]): Promise<{ readonly cells: number; readonly summary: unknown }> {
  await heddle.show('backfill', ...args);
  return (await heddle.json('backfill', 'show', 'last')) as { cells: number; summary: unknown };
}
/** Runs a pipeline to its end, shown. */
async function run(pipeline: string, ...args: string[]): Promise<RunDetail> {
  await heddle.show('run', pipeline, ...args, '--wait');
  return detail(`last:${pipeline}`);
}
async function start(pipeline: string, ...args: string[]): Promise<string> {
  say(`$ heddle run ${pipeline} ${args.join(' ')}`);
  const { runId } = (await heddle.json('run', pipeline, ...args)) as { runId: string };
  say(`run ${runId} started`);
  return runId;
}
async function detail(runId: string): Promise<RunDetail> {
  return (await heddle.json('show', runId)) as RunDetail;
}
/** Until the run asks. Throws when it ends without a question. */
async function approvalOf(runId: string): Promise<void> {
  const until = Date.now() + APPROVAL_MS;
  let told = '';
  while (Date.now() < until) {
    const { status, steps } = await detail(runId);
    const active = steps
      .filter((step) => ['running', 'publishing', 'queued', 'retrying', 'waiting'].includes(step.status) && step.task !== null)
      .map(({ step }) => step);
    if (active.join() !== told) say(`  ${(told = active.join()) || '...'}`);
    if (steps.some((step) => step.kind === 'gate' && step.status === 'waiting')) return;
    if (status !== 'running') throw new Error(`flights.train is ${status} and never asked: heddle show ${runId}`);
    await sleep(1000);
  }
  throw new Error(`flights.train did not ask within ${APPROVAL_MS / 1000} s`);
}
function outputOf<T>(finished: RunDetail): T {
  if (finished.status !== 'done') throw new Error(`${finished.pipeline} is ${finished.status}: heddle show ${finished.runId}`);
  return finished.output as T; // the pipeline's own output
}
/** Output of the step of that name, wherever it stands. */
function stepOutput<T>(finished: RunDetail, name: string): T {
  const found = finished.steps.find(({ step }) => step === name || step.endsWith(`.${name}`));
  if (!found?.output) throw new Error(`${finished.pipeline} has no output of ${name}`);
  return found.output as T; // the task's own output
}
function chapter(title: string): void {
  say(`\n== ${title} (${((performance.now() - started) / 1000).toFixed(0)} s)`);
}
/** The days before one, oldest first. */
function daysBefore(day: string, count: number): string[] {
  const end = Date.parse(`${day}T00:00:00Z`);
  return Array.from({ length: count }, (_, i) => new Date(end - (count - i) * 86_400_000).toISOString().slice(0, 10));
}
