/**
 * Threads that score. Each holds at most two jobs, so that it never waits for the main thread, and the rest waits here. A
 * thread that dies of memory takes its job with it: the caller splits it; jobs behind it move to another thread. Worker side.
 */
import { extname } from 'node:path';
import { Worker as Thread } from 'node:worker_threads';
import { HeddleError } from '../../../dsl/errors/heddle-error.ts';
import type { FromThread, ThreadFailure, ToThread } from './messages.ts';

/** A model that threads can open. */
export interface ThreadModel {
  readonly digest: string;
  /** Copied into each thread. */
  readonly bytes: Uint8Array;
}
export interface ThreadMessage {
  readonly message: Readonly<Record<string, unknown>> & { readonly kind: ToThread['kind'] };
  readonly transfer: readonly ArrayBuffer[];
}
/** The job did not fit into memory: a smaller one may. */
export class OutOfMemory extends Error {
  readonly code = 'ERR_WORKER_OUT_OF_MEMORY';
}

interface Job {
  readonly model: ThreadModel;
  readonly make: () => ThreadMessage;
  readonly resolve: (done: unknown) => void;
  readonly reject: (error: unknown) => void;
}
interface Member {
  readonly thread: Thread;
  readonly jobs: Map<number, Job>;
  /** Digests that the thread has open, oldest first: it forgets as this does. */
  readonly models: string[];
  idle: NodeJS.Timeout | null;
}
const DEPTH = 2;
const MAX_MODELS = 4;

export class ThreadPool {
  readonly threads: number;
  private readonly heapMiB: number;
  private readonly idleMs: number;
  private readonly members = new Set<Member>();
  private readonly waiting: Job[] = [];
  private lastId = 0;

  /** `idleMs`: after so long without a job a thread ends; it keeps some 60 MB. */
  constructor({ threads, heapMiB, idleMs }: { readonly threads: number; readonly heapMiB: number; readonly idleMs: number }) {
    this.threads = threads;
    this.heapMiB = heapMiB;
    this.idleMs = idleMs;
  }

  /** `make` is called when a thread takes the job, and again when that thread dies before its turn. Rejects with OutOfMemory. */
  run<T>(model: ThreadModel, make: () => ThreadMessage): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.waiting.push({ model, make, resolve: resolve as (done: unknown) => void, reject });
      this.dispatch();
    });
  }

  async close(): Promise<void> {
    for (const job of this.waiting.splice(0)) job.reject(new Error('the scorer was closed'));
    await Promise.all([...this.members].map(({ thread }) => thread.terminate()));
  }

  private dispatch(): void {
    while (this.waiting.length > 0) {
      const member = this.freest();
      if (!member) return;
      const job = this.waiting.shift();
      if (job) this.send(member, job);
    }
  }

  /** An idle thread, else a new one, else the one with the fewest jobs. */
  private freest(): Member | null {
    const [best] = [...this.members].sort((a, b) => a.jobs.size - b.jobs.size);
    if (best?.jobs.size === 0) return best;
    if (this.members.size < this.threads) return this.start();
    return best && best.jobs.size < DEPTH ? best : null;
  }

  private send(member: Member, job: Job): void {
    const { thread, jobs, models } = member;
    if (member.idle) clearTimeout(member.idle);
    if (jobs.size === 0) thread.ref();
    const { digest, bytes } = job.model;
    try {
      if (!models.includes(digest)) {
        models.push(digest);
        if (models.length > MAX_MODELS) models.shift();
        const id = ++this.lastId; // a failure of it comes again with the job
        jobs.set(id, { ...job, make: NOTHING, resolve: () => {}, reject: () => {} });
        thread.postMessage({ kind: 'open', id, digest, bytes } satisfies ToThread);
      }
      const id = ++this.lastId;
      const { message, transfer } = job.make();
      jobs.set(id, job);
      thread.postMessage({ ...message, id, digest }, transfer);
    } catch (error) {
      job.reject(error);
    }
  }

  private start(): Member {
    const thread = new Thread(new URL(`./scoring-thread${extname(import.meta.url)}`, import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: this.heapMiB },
    });
    const member: Member = { thread, jobs: new Map(), models: [], idle: null };
    this.members.add(member);
    thread.on('message', (answer: FromThread) => {
      this.answered(member, answer);
    });
    thread.on('error', (error) => {
      this.died(member, error);
    });
    thread.on('exit', () => {
      this.died(member, new Error('the scoring thread ended'));
    });
    return member;
  }

  private answered(member: Member, answer: FromThread): void {
    const job = member.jobs.get(answer.id);
    member.jobs.delete(answer.id);
    if (member.jobs.size === 0) {
      member.thread.unref();
      member.idle = setTimeout(() => {
        this.members.delete(member); // no job may go to a thread that is about to end
        void member.thread.terminate();
      }, this.idleMs).unref();
    }
    if (job && 'done' in answer) job.resolve(answer.done);
    else if (job && 'failed' in answer) {
      // a model that did not open is not open
      if (job.make === NOTHING) member.models.splice(member.models.indexOf(job.model.digest), 1);
      job.reject(errorOf(answer.failed));
    }
    this.dispatch();
  }

  private died(member: Member, error: Error): void {
    if (!this.members.delete(member)) return;
    const memory = 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';
    const [first, ...behind] = [...member.jobs.values()].filter((job) => job.make !== NOTHING);
    first?.reject(memory ? new OutOfMemory(error.message, { cause: error }) : error);
    this.waiting.unshift(...behind);
    this.dispatch();
  }
}

/** Marks the opening of a model before its job. */
const NOTHING = (): ThreadMessage => {
  throw new Error('an opening is not sent twice');
};

function errorOf(failure: ThreadFailure): Error {
  if ('heddle' in failure) {
    const { code, what, where, why, fix } = failure.heddle;
    return new HeddleError(code, { what, where: where ?? undefined, why: why ?? undefined, fix });
  }
  return failure.memory ? new OutOfMemory(failure.message) : Object.assign(new Error(failure.message), { name: failure.name });
}
