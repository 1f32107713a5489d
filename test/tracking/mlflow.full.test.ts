/** Tracking on a real MLflow server: a training step that tracks, an outage in its middle, registered versions and aliases. About 40 s. */
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { track } from '../../api/models/track.ts';
import type { ServerParts } from '../../api/server-parts.ts';
import { mlflowTracker, type Tracker } from '../../activities/tracking/mlflow.ts';
import { stepTracker } from '../../activities/tracking/step-tracker.ts';
import { OUTBOX } from '../../activities/tracking/tracked.ts';
import { encodeTrainingSet } from '../../activities/training/training-set.ts';
import { sha256Hex } from '../../storage/digest.ts';
import { trackingPass } from '../../workers/server-tracking.ts';
import { trainOne } from '../../pipelines/train/trials.ts';
import { mlflowMissing, startMlflow, type MlflowPart } from '../real-parts/mlflow.ts';
import { startRegistryServer, type RegistryServer } from '../models/registry-server.ts';
import { sampleSet } from '../training/sample-set.ts';

const missing = mlflowMissing();
const log = pino({ level: 'silent' });
interface MlflowRun {
  readonly info: { readonly run_id: string; readonly status: string; readonly run_name: string };
  readonly data: { readonly params?: { key: string; value: string }[]; readonly tags: { key: string; value: string }[] };
}

describe.skipIf(missing !== null)(`tracking on MLflow${missing === null ? '' : ` (${missing})`}`, () => {
  let mlflow: MlflowPart;
  let server: RegistryServer;
  let tracker: Tracker;
  let parts: ServerParts;
  beforeAll(async () => {
    mlflow = await startMlflow();
    const tracking = { mlflow: { url: mlflow.url, experiment: 'flights', tokenEnv: null } };
    server = await startRegistryServer({ tracking });
    ({ parts } = server);
    tracker = newTracker();
  }, 200_000);
  afterAll(async () => {
    await server?.stop();
    await mlflow?.stop();
  }, 60_000);
  /** As a server that was just started has it: it remembers no run. */
  const newTracker = (): Tracker => mlflowTracker({ url: mlflow.url, experiment: 'flights', read: (uri) => parts.store.read(uri) });
  const call = async <T>(path: string, body?: object): Promise<T> => {
    const init = body && { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    return (await (await fetch(`${mlflow.url}/api/2.0/mlflow/${path}`, init)).json()) as T; // MLflow's own API
  };
  const runsOf = async (runId: string): Promise<MlflowRun[]> => {
    const { experiment } = await call<{ experiment: { experiment_id: string } }>('experiments/get-by-name?experiment_name=flights');
    const found = await call<{ runs?: MlflowRun[] }>('runs/search', { experiment_ids: [experiment.experiment_id], filter: `tags."heddle.run" = '${runId}'` });
    return found.runs ?? [];
  };
  const history = async (run: MlflowRun, name: string): Promise<[number, number][]> =>
    (
      await call<{ metrics?: { step: number; value: number }[] }>(`metrics/get-history?run_id=${run.info.run_id}&metric_key=${name}&max_results=5000`)
    ).metrics?.map(({ step, value }) => [step, value]) ?? [];
  const deliver = (with_ = tracker): Promise<boolean> => trackingPass({ store: parts.store, log }, with_, new Map());
  const trackerOf = (runId: string, step: string) =>
    stepTracker({ runId, pipeline: 'flights.train', partition: '2001-03-08', step }, { write: (uri, bytes) => parts.store.write(uri, bytes), now: Date.now });

  it('shows a training step with its settings, its curve and its files, once however often it is told', async () => {
    const set = sampleSet(9_000, 1);
    const { track: said, flush } = trackerOf('run-1', 'trials[0].flights.train_one');
    const at = (row: number): number => set.at[row]!;
    const data = {
      file: { uri: 'x', digest: 'sha256:set', bytes: 1 },
      features: 'f',
      rows: set.rows,
      from: at(0),
      validation: at(6_000),
      test: at(8_000),
      end: at(8_999) + 1,
    };
    const trial = await trainOne.run(
      { data, point: { hidden: 4, rate: 0.01 }, seed: 3 },
      {
        track: said,
        readArtifact: async () => encodeTrainingSet(set),
        artifact: async (name, content) => {
          const uri = parts.store.resolve(`store://steps/run-1/train/artifacts/${name}`);
          return { uri, ...(await parts.store.write(uri, typeof content === 'string' ? Buffer.from(content) : (content as Uint8Array))) };
        },
      },
    );
    await flush();
    const kept = await Promise.all((await parts.store.list(OUTBOX)).map(async ({ uri }) => [uri, await parts.store.read(uri)] as const));
    expect(await deliver()).toBe(true);
    for (const [uri, bytes] of kept) await parts.store.write(uri, bytes);
    expect(await deliver(newTracker())).toBe(true); // delivered, and killed before it was written down

    const runs = await runsOf('run-1');
    expect(runs.map(({ info }) => info.run_name).toSorted()).toEqual(['flights.train 2001-03-08', 'flights.train 2001-03-08 trials[0].flights.train_one']);
    const own = runs.find(({ info }) => info.run_name.endsWith('train_one'))!;
    const parent = runs.find((run) => run !== own)!;
    expect(own.data.tags).toContainEqual({ key: 'mlflow.parentRunId', value: parent.info.run_id });
    expect(own.data.params).toEqual(
      expect.arrayContaining([
        { key: 'rate', value: '0.01' },
        { key: 'hidden', value: '4' },
        { key: 'seed', value: '3' },
      ]),
    );
    const curve = await history(own, 'validation_loss');
    expect(curve.length).toBeGreaterThanOrEqual(trial.epoch);
    expect(curve.map(([step]) => step)).toEqual(curve.map((_, i) => i + 1));
    expect(Math.min(...curve.map(([, loss]) => loss))).toBeCloseTo(trial.loss, 12);
    expect(await history(own, 'validation_auc')).toEqual([[0, trial.auc]]);
    const { files } = await call<{ files: { path: string }[] }>(`artifacts/list?run_id=${own.info.run_id}&path=model`);
    expect(files.map(({ path }) => path)).toEqual(['model/meta.json', 'model/model.onnx']);
  });

  it('loses no metric to an outage in the middle, and no word waits for it', async () => {
    const { track: said, flush } = trackerOf('run-2', 'train');
    for (let epoch = 1; epoch <= 20; epoch++) said.metric('loss', 1 / epoch, epoch);
    await flush();
    expect(await deliver()).toBe(true);
    await mlflow.kill();
    for (let epoch = 21; epoch <= 40; epoch++) {
      said.metric('loss', 1 / epoch, epoch);
      if (epoch % 10 === 0) await flush();
    }
    expect(await deliver()).toBe(false);
    await track(parts, {
      from: { runId: 'run-2', pipeline: 'flights.train', partition: '2001-03-08', step: '' },
      entries: [{ kind: 'end', status: 'done', at: Date.now() }],
    });
    expect(await deliver()).toBe(false);
    await mlflow.restart();
    expect(await deliver(newTracker())).toBe(true);
    const runs = await runsOf('run-2');
    expect(runs.map(({ info }) => info.status)).toEqual(['FINISHED', 'FINISHED']);
    const own = runs.find(({ info }) => info.run_name.endsWith(' train'))!;
    expect(await history(own, 'loss')).toEqual(Array.from({ length: 40 }, (_, i) => [i + 1, 1 / (i + 1)]));
  }, 200_000);

  it('keeps registered versions with their weights, and aliases, under our numbers as tags', async () => {
    const weights = Buffer.from('weights');
    const digest = `sha256:${sha256Hex(weights)}`;
    const body = { onnx: weights.toString('base64'), digest, parity: {} };
    expect((await server.api.post('/models/flights.delay/import', body)).status).toBe(200);
    expect((await server.api.post('/models/flights.delay/promote', { version: '1' })).status).toBe(200);
    expect(await deliver()).toBe(true);
    const { model_version: version } = await call<{ model_version: { version: string; source: string; tags: { key: string; value: string }[] } }>(
      'registered-models/alias?name=flights.delay&alias=champion',
    );
    expect(version.tags).toEqual(
      expect.arrayContaining([
        { key: 'heddle.version', value: '1' },
        { key: 'heddle.digest', value: digest },
      ]),
    );
    const path = version.source.replace('mlflow-artifacts:/', '');
    const kept = await fetch(`${mlflow.url}/api/2.0/mlflow-artifacts/artifacts/${path}/model.onnx`);
    expect(Buffer.from(await kept.arrayBuffer())).toEqual(weights);
  });
});
