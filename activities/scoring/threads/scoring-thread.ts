/**
 * A thread that scores: one job after the other, sessions kept by the model's digest, formulas by their module. Started by
 * thread-pool.ts. Whatever it throws goes back as data; only its death is noticed as such.
 */
import { parentPort } from 'node:worker_threads';
import { isHeddleError } from '../../../dsl/errors/heddle-error.ts';
import { loadFormulas, type Formulas, type FormulasAt } from '../formulas.ts';
import type { ModelSchema } from '../model-schema.ts';
import { Gatherer } from './gather.ts';
import { checkWidth, infer, loadModel, type LoadedModel } from './load-model.ts';
import type { FromThread, GroupJob, OpenResult, ThreadFailure, ToThread } from './messages.ts';
import { isOutOfMemory } from './out-of-memory.ts';
import { scoreGroup } from './score-group.ts';

/** Sessions kept: the oldest goes when another is opened. */
const MAX_MODELS = 4;
const models = new Map<string, LoadedModel>();
let working: Promise<void> = Promise.resolve();

parentPort?.on('message', (message: ToThread) => {
  working = working.then(() => work(message));
});

async function work(message: ToThread): Promise<void> {
  try {
    const done = await answer(message);
    const transfer = done instanceof Float32Array ? [done.buffer] : 'bytes' in done ? [done.bytes.buffer] : [];
    post({ id: message.id, done }, transfer as ArrayBuffer[]); // made here, never shared
  } catch (error) {
    post({ id: message.id, failed: failureOf(error) }, []);
  }
}
const post = (answered: FromThread, transfer: ArrayBuffer[]): void => parentPort?.postMessage(answered, transfer);

async function answer(message: ToThread): Promise<Extract<FromThread, { done: unknown }>['done']> {
  const { digest } = message;
  if (message.kind === 'open') return opened(digest, message.bytes);
  const model = models.get(digest);
  if (!model) throw new Error(`model ${digest} was not opened in this thread`);
  if (message.kind === 'group') return group(message.job, model, digest);
  const { x, features } = message;
  checkWidth(model, features, `model ${digest}`);
  const scores = new Float32Array(x.length / features);
  await infer(model, x, features, scores, `model ${digest}`);
  return scores;
}

async function opened(digest: string, bytes: Uint8Array): Promise<OpenResult> {
  const known = models.get(digest);
  const model = known ?? (await loadModel(bytes, `model ${digest}`));
  models.delete(digest);
  models.set(digest, model);
  const [oldest] = models;
  if (models.size > MAX_MODELS && oldest) {
    models.delete(oldest[0]);
    await oldest[1].session.release();
  }
  return { input: model.input, width: model.width, output: model.output };
}

interface Prepared {
  readonly formulas: Formulas;
  readonly gatherer: Gatherer;
}
/** Of the last schema: jobs of one file share it. Tables live as long as their dictionaries. */
let prepared: { readonly key: string; readonly value: Prepared } | null = null;

async function group(job: GroupJob, model: LoadedModel, digest: string) {
  const key = JSON.stringify([job.formulas, job.schema]);
  if (prepared?.key !== key) prepared = { key, value: await prepare(job.formulas, job.schema) };
  const { formulas, gatherer } = prepared.value;
  checkWidth(model, formulas.length, `model ${digest}`);
  return scoreGroup(job, model, formulas, gatherer, `model ${digest}`);
}
async function prepare(at: FormulasAt | null, schema: ModelSchema): Promise<Prepared> {
  const formulas = await loadFormulas(at, schema.features);
  return { formulas, gatherer: new Gatherer(formulas, schema) };
}

function failureOf(error: unknown): ThreadFailure {
  if (isHeddleError(error)) return { heddle: error.toJSON() };
  const memory = isOutOfMemory(error);
  return error instanceof Error ? { name: error.name, message: error.message, memory } : { name: 'Error', message: String(error), memory };
}
