/**
 * The main thread's side of the codec: one thread that decodes and one that encodes, started when they are needed, replaced
 * when their memory has grown or when they broke, ended when nobody has needed them for a while. The main thread never
 * decodes: heartbeats go out meanwhile. Workers; read-batches.ts and write-parquet.ts import this.
 */
import { extname } from 'node:path';
import { Worker as Thread } from 'node:worker_threads';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import type { FileLayout, FromCodec, ToCodec } from './codec-messages.ts';

/** Linear memory of wasm never shrinks: a thread beyond this is replaced as soon as it has nothing to do. */
const HEAP_LIMIT_BYTES = 512 * 1024 * 1024;
const IDLE_MS = 30_000;

type Heard = FromCodec | { readonly op: 'lost'; readonly message: string };
type Distributive<T> = T extends unknown ? Omit<T, 'id'> : never;

class CodecThread {
  private readonly thread = new Thread(new URL(`./codec-thread${extname(import.meta.url)}`, import.meta.url));
  private readonly open = new Map<number, (heard: Heard) => void>();
  private lastId = 0;
  private idle: NodeJS.Timeout | undefined;
  heapBytes = 0;
  ended = false;

  constructor() {
    this.thread.on('message', (message: FromCodec) => this.hear(message));
    this.thread.on('error', (error) => this.lose(error instanceof Error ? error.message : String(error)));
    this.thread.on('exit', () => this.lose('it ended'));
    this.thread.unref();
  }

  /** A job or a file; its answers come to `hear` until it is closed. */
  begin(hear: (heard: Heard) => void): number {
    clearTimeout(this.idle);
    this.thread.ref();
    this.open.set(++this.lastId, hear);
    return this.lastId;
  }
  send(id: number, message: Distributive<ToCodec>, bytes?: Uint8Array): void {
    if (!this.ended) this.thread.postMessage({ ...message, id }, bytes ? [bytes.buffer as ArrayBuffer] : []); // never shared memory
  }
  close(id: number): void {
    this.open.delete(id);
    if (this.open.size > 0 || this.ended) return;
    this.thread.unref();
    if (this.heapBytes > limits.heapBytes) return this.end();
    this.idle = setTimeout(() => this.end(), IDLE_MS);
    this.idle.unref();
  }

  private hear(message: FromCodec): void {
    this.heapBytes = message.heapBytes;
    const hear = this.open.get(message.id);
    if (hear) hear(message);
    else if (message.op === 'want') this.send(message.id, { op: 'drop' }); // its reader has gone
    if (message.op === 'failed' && message.fatal) this.lose(message.message);
  }
  lose(message: string): void {
    const left = [...this.open.values()];
    this.open.clear();
    if (!this.ended) this.end();
    for (const hear of left) hear({ op: 'lost', message });
  }
  private end(): void {
    this.ended = true;
    clearTimeout(this.idle);
    void this.thread.terminate();
  }
}

const limits = { heapBytes: HEAP_LIMIT_BYTES };
const threads: Partial<Record<'decode' | 'encode', CodecThread>> = {};
const figures = { started: 0 };
function threadFor(work: 'decode' | 'encode'): CodecThread {
  const present = threads[work];
  // a thread that has grown takes no new work; it ends with the last of what it has
  if (present && !present.ended && present.heapBytes <= limits.heapBytes) return present;
  figures.started++;
  return (threads[work] = new CodecThread());
}

/** Threads started so far and the linear memory of those that run. `heapLimitBytes` sets the limit, for tests. */
export function codecFigures(heapLimitBytes?: number): { readonly started: number; readonly heapBytes: number } {
  if (heapLimitBytes !== undefined) limits.heapBytes = heapLimitBytes;
  const heapBytes = Object.values(threads).reduce((sum, thread) => sum + (thread.ended ? 0 : thread.heapBytes), 0);
  return { started: figures.started, heapBytes };
}

/** As a thread ends that has no memory left. For tests. */
export const endCodecThreads = (): void => {
  for (const thread of Object.values(threads)) thread.lose('it was ended');
};

let turn: Promise<unknown> = Promise.resolve();
/**
 * A job of the decoder -> an Arrow IPC stream. One at a time, so that a file that breaks the decoder takes no other job with
 * it. `file` is handed over: it is empty afterwards. Throws HDL-BAD-FILE.
 */
export function decode(name: string, job: Extract<Distributive<ToCodec>, { op: 'schema' | 'decode' }>): Promise<Uint8Array> {
  const mine = turn.then(() => ask(threadFor('decode'), name, job));
  turn = mine.catch(() => undefined);
  return mine;
}

function ask(thread: CodecThread, name: string, job: Extract<Distributive<ToCodec>, { op: 'schema' | 'decode' }>): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const id = thread.begin((heard) => {
      thread.close(id);
      if (heard.op === 'decoded') resolve(heard.ipc);
      else if (heard.op === 'failed') reject(new HeddleError('HDL-BAD-FILE', { what: `The file cannot be decoded: ${heard.message}.`, where: name }));
      else if (heard.op === 'lost') reject(codecLost(name, heard.message));
    });
    thread.send(id, job, job.file);
  });
}

/** A file that is being written by the encoder. */
export interface Encoding {
  /** What the encoder says next. Throws HDL-CODEC-LOST. */
  next(): Promise<Extract<FromCodec, { op: 'want' | 'bytes' | 'done' }>>;
  /** One batch or more as an IPC stream, which is handed over; null: that was the last. */
  give(ipc: Uint8Array | null): void;
  /** Always, at the end. */
  close(): void;
}

export function openEncoding(name: string, layout: FileLayout): Encoding {
  const thread = threadFor('encode');
  const inbox: Heard[] = [];
  let wake: (() => void) | null = null;
  const id = thread.begin((heard) => {
    inbox.push(heard);
    wake?.();
  });
  thread.send(id, { op: 'open', layout });
  return {
    async next() {
      while (inbox.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      const heard = inbox.shift() as Heard; // one is there
      if (heard.op === 'lost' || heard.op === 'failed') throw codecLost(name, heard.message);
      if (heard.op === 'decoded') throw new Error('the encoder answered with a decoded file');
      return heard;
    },
    give: (ipc) => (ipc ? thread.send(id, { op: 'batch', ipc }, ipc) : thread.send(id, { op: 'last' })),
    close() {
      thread.send(id, { op: 'drop' });
      thread.close(id);
    },
  };
}

const codecLost = (where: string, message: string): HeddleError =>
  new HeddleError('HDL-CODEC-LOST', { what: `The Parquet codec's thread ended in the middle of its work: ${message}.`, where });
