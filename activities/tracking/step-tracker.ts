/** ctx.track: what a step says is gathered and written to the outbox every few seconds. Worker side. */
import type { Artifact, Track } from '../../dsl/authoring/context.ts';
import { OUTBOX, type Metric, type Tracked, type TrackedBatch, type TrackedStep } from './tracked.ts';

/** Files at most this often: a store may be HDFS. */
const FLUSH_MS = 2_000;
const FLUSH_METRICS = 500;

export interface StepTracker {
  readonly track: Track;
  /** Resolves when all that was said is in the outbox. Throws what the store threw; then nothing is lost, and the next flush writes it. */
  flush(): Promise<void>;
}
export interface TrackerParts {
  write(uri: string, content: Uint8Array): Promise<unknown>;
  now(): number;
}

/** A tracker that nobody configured: says nothing to anybody. */
export const noTracker: StepTracker = { track: { params() {}, metric() {}, artifact() {} }, flush: async () => {} };

export function stepTracker(from: TrackedStep, parts: TrackerParts): StepTracker {
  let entries: Tracked[] = [];
  let metrics: Metric[] = [];
  let flushed = parts.now();
  let files = 0;
  let writing: Promise<void> = Promise.resolve();
  const flush = (): Promise<void> => (writing = writing.catch(() => undefined).then(write));
  async function write(): Promise<void> {
    flushed = parts.now();
    if (metrics.length > 0) entries.push({ kind: 'metrics', metrics });
    metrics = [];
    if (entries.length === 0) return;
    const batch: TrackedBatch = { format: 1, from, entries };
    entries = [];
    try {
      await parts.write(outboxFile(parts.now(), `${from.runId}-${++files}`), Buffer.from(JSON.stringify(batch)));
    } catch (error) {
      entries = [...batch.entries, ...entries];
      throw error;
    }
  }
  /** A store that is away now is asked again at the next word, and at the end. */
  const soon = (): void => {
    if (metrics.length >= FLUSH_METRICS || parts.now() - flushed >= FLUSH_MS) flush().catch(() => undefined);
  };
  return {
    flush,
    track: {
      params(values) {
        entries.push({ kind: 'params', values: Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)])) });
        soon();
      },
      metric(name: string, value: number, step = 0) {
        metrics.push({ name, value: Number.isFinite(value) ? value : (String(value) as 'NaN'), step, at: parts.now() }); // one of three names
        soon();
      },
      artifact(file: Artifact, path: string) {
        entries.push({ kind: 'artifact', file: { uri: file.uri, digest: file.digest, bytes: file.bytes }, path });
        soon();
      },
    },
  };
}

let count = 0;
/** Names in the order of their writing: the outbox is emptied in the order of names. */
export const outboxFile = (at: number, of: string): string =>
  `${OUTBOX}/${String(at).padStart(15, '0')}-${String(++count % 1_000_000).padStart(6, '0')}-${process.pid}-${of.replaceAll(/[^\w.-]/g, '_')}.json`;
