/** A small world for the lineage's tests: flights landed from a file, features of two days, a model, scores, a cache. */
import { addRun, endRun, type NewRun } from '../../catalog/runs.ts';
import { putPlan } from '../../catalog/plans.ts';
import { keepPin } from '../../catalog/pins.ts';
import { registerVersion } from '../../catalog/models.ts';
import { writePage } from '../../catalog/steps.ts';
import type { StepRecord } from '../../dsl/contract/run.ts';
import type { AttemptMeta, SliceHandle } from '../../dsl/contract/step.ts';
import type { DatasetDef, Json } from '../../dsl/plan/types.ts';
import { digestOf } from '../../storage/digest.ts';
import { stagePartition } from '../../storage/datasets/stage-partition.ts';
import type { ServerParts } from '../../api/server-parts.ts';
import { sampleRun, sampleStep } from '../catalog/samples.ts';
import { tinyPlan } from '../server/test-server.ts';

export const dataset = (name: string): DatasetDef =>
  ({
    name,
    uri: `store://${name.replace('.', '/')}`,
    partitions: { day: { kind: 'day', start: '2001-01-01' } },
    schema: { type: 'object', properties: { at: { type: 'integer', description: 'seconds' }, origin: { type: 'string' } }, required: ['at', 'origin'] },
  }) as unknown as DatasetDef; // what the lineage and the store read of it

type Reads = NonNullable<AttemptMeta['reads']>;
export interface Flow {
  readonly days: readonly string[];
  readonly runs: Readonly<Record<'land' | 'features' | 'train' | 'score' | 'prewarm', string>>;
}

export async function makeFlow(parts: ServerParts): Promise<Flow> {
  const { catalog, store } = parts;
  const days = ['2001-03-01', '2001-03-02'];
  const names = ['flights.raw', 'flights.features', 'flights.scores'];
  const base = tinyPlan();
  const plan = { ...base, name: 'flights', contracts: { ...base.contracts, datasets: Object.fromEntries(names.map((name) => [name, dataset(name)])) } };
  await putPlan(catalog.db, { project: 'default', hash: 'flow', plan, by: 'ann', at: 1 });

  const publish = async (name: string, day: string, runId: string, step: string, task: string): Promise<SliceHandle> => {
    const by = { runId, step, attempt: 1, planHash: 'flow', task, version: '1', codeDigest: null, inputs: [] };
    const { slice, staged } = await stagePartition(store, dataset(name), { day }, [{ at: 1, origin: 'ORD' }], by);
    const target = `${store.resolve(dataset(name).uri)}/day=${day}`;
    await store.renameFolder(staged.staging, target);
    return slice;
  };
  const sliceOf = (parts_: readonly SliceHandle[]): SliceHandle => {
    const partitions = parts_.flatMap((one) => one.partitions as SliceHandle['partitions'] & readonly object[]);
    return { ...parts_[0]!, digest: digestOf(partitions as unknown as Json), partitions: partitions as never };
  };
  const read = (slice: SliceHandle): Reads[number] => ({ kind: 'slice', name: slice.dataset, digest: slice.digest });
  const run = async (pipeline: string, over: Partial<NewRun>, steps: readonly StepRecord[], status: 'done' | 'failed' = 'done'): Promise<void> => {
    const made = { ...sampleRun({ pipeline, planHash: 'flow', ...over }) };
    await addRun(catalog.db, made);
    await catalog.transaction((trx) => writePage(trx, { runId: made.runId, retry: 0, page: '1', at: 1, steps }));
    const failures = status === 'failed' ? [{ step: 'x', failure: { class: 'user', code: 'Error', message: 'no luck' } as const }] : [];
    await catalog.db.updateTable('runs').set({ started_at: Date.now(), touched_at: Date.now() }).where('run_id', '=', made.runId).execute();
    await endRun(catalog.db, made.runId, { status, endedAt: Date.now(), output: null, failures, abandoned: [] }, {});
  };
  const step = (name: string, task: string, reads: Reads, output: unknown): StepRecord =>
    sampleStep(name, { task, output: output as Json, meta: { startedAt: 1, attempt: 1, worker: 'w', ms: 1, codeDigest: `sha256:code-of-${task}`, reads } });

  const ids = { land: sampleRun().runId, features: sampleRun().runId, train: sampleRun().runId, score: sampleRun().runId, prewarm: sampleRun().runId };
  const file: Reads[number] = { kind: 'file', name: 'file:///data/flights.parquet', digest: '' };
  const raw: SliceHandle[] = [];
  const landSteps: StepRecord[] = [];
  for (const day of days) {
    const slice = await publish('flights.raw', day, ids.land, `days[${day}].flights.land_day`, 'flights.land_day');
    raw.push(slice);
    landSteps.push(step(`days[${day}].flights.land_day`, 'flights.land_day', [file], { flights: slice }));
  }
  await run('flights.land', { runId: ids.land }, landSteps);

  const features: SliceHandle[] = [];
  const featureSteps: StepRecord[] = [];
  for (const [i, day] of days.entries()) {
    await keepPin(catalog.db, ids.features, { kind: 'slice', dataset: 'flights.raw', how: 'at', key: { day } }, raw[i]!, 1);
    const slice = await publish('flights.features', day, ids.features, `days[${day}].flights.build_features`, 'flights.build_features');
    features.push(slice);
    featureSteps.push(step(`days[${day}].flights.build_features`, 'flights.build_features', [read(raw[i]!)], slice));
  }
  await run('flights.features_range', { runId: ids.features }, featureSteps);

  const window = sliceOf(features);
  await keepPin(catalog.db, ids.train, { kind: 'slice', dataset: 'flights.features', how: 'before', key: { day: '2001-03-03' }, span: '2d' }, window, 1);
  await registerVersion(catalog, {
    project: 'default',
    name: 'flights.delay',
    uri: 'file:///m',
    digest: 'sha256:w',
    details: {},
    runId: ids.train,
    step: 'register',
    at: Date.now(),
  });
  await run('flights.train', { runId: ids.train, partition: '2001-03-03' }, [
    step('flights.build_dataset', 'flights.build_dataset', [read(window)], { file: { uri: 'store://x' } }),
    step('register', 'heddle.register_model', [], null),
  ]);

  const model = { kind: 'model', name: 'flights.delay', version: '1', uri: 'file:///m', digest: 'sha256:w' };
  const scores = await publish('flights.scores', days[1]!, ids.score, 'flights.publish_scores', 'flights.publish_scores');
  await run('flights.score', { runId: ids.score, params: { model } }, [
    step('flights.validate_input', 'flights.validate_input', [read(features[1]!), { kind: 'model', name: 'flights.delay', version: '1', digest: 'sha256:w' }], {
      rows: 1,
    }),
    step('flights.publish_scores', 'flights.publish_scores', [read(features[1]!)], scores),
  ]);
  await keepPin(catalog.db, ids.score, { kind: 'slice', dataset: 'flights.features', how: 'at', key: { day: days[1]! } }, features[1]!, 1);
  await keepPin(catalog.db, ids.prewarm, { kind: 'slice', dataset: 'flights.features', how: 'before', key: { day: '2001-03-03' }, span: '2d' }, window, 1);
  await run(
    'flights.prewarm',
    { runId: ids.prewarm, params: { model, cache: '/c' } },
    [
      step('flights.enumerate', 'flights.enumerate', [read(window)], { count: 1 }),
      step('cache.swap', 'cache.swap', [], { kind: 'cache', name: 'default/flights', version: '2001-03-03.m1.abc', previous: null }),
    ],
    'done',
  );
  await run('flights.train', { partition: '2001-03-04' }, [step('x', 'x', [], null)], 'failed');
  return { days, runs: ids };
}
