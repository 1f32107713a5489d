/**
 * What steps tracked, told to MLflow: a run of Heddle is a run there, each step that tracks is a run below it, registered
 * versions and aliases are kept too. Everything may come twice: runs and versions are found by their tags, a metric that is
 * there already is no second one. https://mlflow.org/docs/latest/rest-api.html. Server.
 */
import { mlflowHttp, TrackerRefused, type MlflowHttp } from './mlflow-http.ts';
import type { Metric, Tracked, TrackedBatch, TrackedStep } from './tracked.ts';

export interface Tracker {
  /** Throws TrackerAway, TrackerRefused. */
  deliver(batch: TrackedBatch): Promise<void>;
}
export interface MlflowParts {
  readonly url: string;
  readonly experiment: string;
  readonly token?: string | undefined;
  /** Bytes of a file in the store. */
  read(uri: string): Promise<Uint8Array>;
}
const METRICS_AT_ONCE = 1_000;
const PARAMS_AT_ONCE = 100;
const LONGEST_PARAM = 6_000;
const ENDS = { done: 'FINISHED', failed: 'FAILED', cancelled: 'KILLED' } as const;

interface MlflowRun {
  readonly info: { readonly run_id: string; readonly experiment_id: string };
}
interface MlflowVersion {
  readonly version: string;
  readonly tags?: readonly { readonly key: string; readonly value: string }[];
}

export function mlflowTracker(parts: MlflowParts): Tracker {
  const http = mlflowHttp(parts.url, parts.token);
  let experiment: Promise<string> | null = null;
  const runs = new Map<string, string>();
  const experimentId = (): Promise<string> => {
    experiment ??= findExperiment(http, parts.experiment).catch((error: unknown) => {
      experiment = null;
      throw error;
    });
    return experiment;
  };
  return {
    async deliver({ from, entries }) {
      const refused: string[] = [];
      for (const entry of entries) {
        try {
          await deliverOne(from, entry);
        } catch (error) {
          // the rest of the batch is worth as much as before
          if (!(error instanceof TrackerRefused)) throw error;
          refused.push(error.message);
        }
      }
      if (refused.length > 0) throw new TrackerRefused('REFUSED', refused.join('; '));
    },
  };

  async function deliverOne(from: TrackedStep | null, entry: Tracked): Promise<void> {
    if (entry.kind === 'alias') return moveAlias(entry);
    if (!from) return;
    if (entry.kind === 'end') return endRuns(from, entry);
    const run = await runOf(from);
    if (entry.kind === 'params') return logParams(run, entry.values);
    if (entry.kind === 'metrics') return logMetrics(run, entry.metrics);
    if (entry.kind === 'version') return registerVersion(run, entry);
    await http.put(`${await experimentId()}/${run}/artifacts/${entry.path}`, await parts.read(entry.file.uri));
  }

  /** The run there of a run or a step here; made where it is not. */
  async function runOf(from: TrackedStep): Promise<string> {
    const key = `${from.runId}/${from.step}`;
    const known = runs.get(key);
    if (known !== undefined) return known;
    const found = (await findRuns(from.runId, from.step))[0] ?? (await createRun(from));
    runs.set(key, found);
    if (runs.size > 10_000) runs.clear();
    return found;
  }
  async function findRuns(runId: string, step: string | null): Promise<string[]> {
    const filter = `tags."heddle.run" = '${quoted(runId)}'${step === null ? '' : ` and tags."heddle.step" = '${quoted(step)}'`}`;
    const { runs: found = [] } = await http.post<{ runs?: readonly MlflowRun[] }>('runs/search', {
      experiment_ids: [await experimentId()],
      filter,
      max_results: 1_000,
    });
    return found.map(({ info }) => info.run_id);
  }
  async function createRun(from: TrackedStep): Promise<string> {
    const parent = from.step === '' ? null : await runOf({ ...from, step: '' });
    const tags: Record<string, string> = {
      'heddle.run': from.runId,
      'heddle.step': from.step,
      'heddle.pipeline': from.pipeline,
      'heddle.partition': from.partition ?? '',
      ...(parent !== null && { 'mlflow.parentRunId': parent }),
    };
    const name = [from.pipeline, from.partition, from.step].filter((part) => part !== null && part !== '').join(' ');
    const { run } = await http.post<{ run: MlflowRun }>('runs/create', {
      experiment_id: await experimentId(),
      run_name: name,
      start_time: Date.now(),
      tags: Object.entries(tags).map(([key, value]) => ({ key, value })),
    });
    return run.info.run_id;
  }

  async function logParams(run: string, values: Readonly<Record<string, string>>): Promise<void> {
    const params = Object.entries(values).map(([key, value]) => ({ key, value: value.slice(0, LONGEST_PARAM) }));
    for (let first = 0; first < params.length; first += PARAMS_AT_ONCE)
      await http.post('runs/log-batch', { run_id: run, params: params.slice(first, first + PARAMS_AT_ONCE) });
  }
  async function logMetrics(run: string, metrics: readonly Metric[]): Promise<void> {
    const rows = metrics.map(({ name, value, step, at }) => ({ key: name, value, step, timestamp: at }));
    for (let first = 0; first < rows.length; first += METRICS_AT_ONCE)
      await http.post('runs/log-batch', { run_id: run, metrics: rows.slice(first, first + METRICS_AT_ONCE) });
  }
  async function endRuns(from: TrackedStep, { status, at }: Extract<Tracked, { kind: 'end' }>): Promise<void> {
    for (const run of await findRuns(from.runId, null)) await http.post('runs/update', { run_id: run, status: ENDS[status], end_time: at });
  }

  async function registerVersion(run: string, entry: Extract<Tracked, { kind: 'version' }>): Promise<void> {
    const { name, version, uri, digest } = entry;
    if (await findVersion(name, version)) return;
    await http.post('registered-models/create', { name }).catch(unless('RESOURCE_ALREADY_EXISTS'));
    const folder = `${await experimentId()}/${run}/artifacts/registered/${name}`;
    await http.put(`${folder}/model.onnx`, await parts.read(`${uri}/model.onnx`));
    const tags = { 'heddle.version': version, 'heddle.digest': digest, 'heddle.uri': uri };
    await http.post('model-versions/create', {
      name,
      source: `mlflow-artifacts:/${folder}`,
      run_id: run,
      tags: Object.entries(tags).map(([key, value]) => ({ key, value })),
    });
  }
  /** Its numbers are its own: ours is a tag. */
  async function findVersion(name: string, version: string): Promise<string | undefined> {
    const { model_versions: found = [] } = await http.get<{ model_versions?: readonly MlflowVersion[] }>('model-versions/search', {
      filter: `name='${quoted(name)}'`,
      max_results: '1000',
    });
    return found.find(({ tags = [] }) => tags.some(({ key, value }) => key === 'heddle.version' && value === version))?.version;
  }
  async function moveAlias({ name, alias, version }: Extract<Tracked, { kind: 'alias' }>): Promise<void> {
    const found = await findVersion(name, version);
    if (found === undefined) throw new TrackerRefused('NO_VERSION', `${name} version ${version} is not in MLflow, so ${alias} cannot point at it`);
    await http.post('registered-models/alias', { name, alias, version: found });
  }
}

async function findExperiment(http: MlflowHttp, name: string): Promise<string> {
  const look = async (): Promise<string | undefined> => {
    const found = await http
      .get<{ experiment: { experiment_id: string } }>('experiments/get-by-name', { experiment_name: name })
      .catch(unless('RESOURCE_DOES_NOT_EXIST'));
    return found?.experiment.experiment_id;
  };
  const known = await look();
  if (known !== undefined) return known;
  const made = await http.post<{ experiment_id: string }>('experiments/create', { name }).catch(unless('RESOURCE_ALREADY_EXISTS'));
  const id = made?.experiment_id ?? (await look());
  if (id === undefined) throw new TrackerRefused('NO_EXPERIMENT', `MLflow neither has nor makes the experiment ${name}`);
  return id;
}

const unless =
  (code: string) =>
  (error: unknown): undefined => {
    if (error instanceof TrackerRefused && error.code === code) return undefined;
    throw error;
  };
const quoted = (text: string): string => text.replaceAll("'", "\\'");
