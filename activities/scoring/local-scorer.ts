/**
 * The scorer of this process: ONNX Runtime in a pool of threads, one session a thread and model. The main thread only cuts
 * batches and copies scores, so that heartbeats go out. Worker side.
 */
import { availableParallelism } from 'node:os';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import type { Scorer, ScoringModel } from './scorer.ts';
import type { OpenResult } from './threads/messages.ts';
import { OutOfMemory, ThreadPool, type ThreadModel } from './threads/thread-pool.ts';

/** Rows that cross to a thread at once. */
const BATCH = 16_384;
/** Several workers share a large machine. */
const MOST_THREADS = 8;
/** A batch that does not fit into memory is halved down to here. */
export const LEAST_ROWS = 256;

interface LocalModel extends ScoringModel, ThreadModel {}

export class LocalScorer implements Scorer {
  readonly pool: ThreadPool;
  private readonly models = new Map<string, Promise<LocalModel>>();

  /** `heapMiB`: JavaScript heap of a thread; tensors and columns lie outside of it. `idleMs`: a thread without work ends after it. */
  constructor(options: { readonly threads?: number; readonly heapMiB?: number; readonly idleMs?: number } = {}) {
    const { threads = Math.min(MOST_THREADS, availableParallelism()), heapMiB = 256, idleMs = 30_000 } = options;
    this.pool = new ThreadPool({ threads, heapMiB, idleMs });
  }

  open(digest: string, load: () => Promise<Uint8Array>): Promise<LocalModel> {
    const known = this.models.get(digest);
    if (known) return known;
    const opened = this.load(digest, load).catch((error: unknown) => {
      this.models.delete(digest); // the next attempt tries anew
      throw error;
    });
    this.models.set(digest, opened);
    return opened;
  }

  async score(model: ScoringModel, x: Float32Array, features: number, breathe?: () => Promise<void>): Promise<Float32Array> {
    const opened = await this.models.get(model.digest);
    if (!opened) throw new Error(`model ${model.digest} is not open`);
    const rows = x.length / features;
    const out = new Float32Array(rows);
    let next = 0;
    const lane = async (): Promise<void> => {
      while (next < rows) {
        const first = next;
        next += BATCH;
        await this.batch(opened, x, features, first, Math.min(first + BATCH, rows), out);
        await breathe?.();
      }
    };
    await Promise.all(Array.from({ length: this.pool.threads * 2 }, lane));
    return out;
  }

  close(): Promise<void> {
    this.models.clear();
    return this.pool.close();
  }

  private async load(digest: string, load: () => Promise<Uint8Array>): Promise<LocalModel> {
    const model = { digest, bytes: await load() };
    const { width } = await this.pool.run<OpenResult>(model, () => ({ message: { kind: 'open', bytes: model.bytes }, transfer: [] }));
    return { ...model, width };
  }

  private async batch(model: LocalModel, x: Float32Array, features: number, from: number, to: number, out: Float32Array): Promise<void> {
    try {
      const scores = await this.pool.run<Float32Array>(model, () => {
        const part = x.slice(from * features, to * features);
        return { message: { kind: 'matrix', x: part, features }, transfer: [part.buffer] };
      });
      out.set(scores, from);
    } catch (error) {
      if (!(error instanceof OutOfMemory)) throw error;
      if (to - from <= LEAST_ROWS) throw tooLarge(to - from, model.digest, error);
      const middle = (from + to) >> 1;
      await this.batch(model, x, features, from, middle, out);
      await this.batch(model, x, features, middle, to, out);
    }
  }
}

export const tooLarge = (rows: number, digest: string, cause: unknown): HeddleError =>
  new HeddleError('HDL-SCORE-MEMORY', { what: `Even ${rows} rows do not fit into the memory of a scoring thread.`, where: `model ${digest}`, cause });

let shared: LocalScorer | undefined;
/** One a process: steps that run beside each other share its threads. */
export const localScorer = (): LocalScorer => (shared ??= new LocalScorer());
