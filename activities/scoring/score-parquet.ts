/**
 * A Parquet file -> a Parquet file of scores, row group by row group, each handled by one thread from its bytes to its bytes.
 * The main thread reads ranges and hands on what is written, so that the store's own clients work; at most one row group more
 * than there are threads is in memory, and nothing is read before the consumer takes what is ready. Worker side.
 */
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import { readFileInfo, type ChunkInfo, type RangeSource } from './columns/column-info.ts';
import { loadFormulas, type FormulasAt } from './formulas.ts';
import { LEAST_ROWS, tooLarge, type LocalScorer } from './local-scorer.ts';
import type { ModelSchema } from './model-schema.ts';
import { footerBytes, MAGIC, type WrittenGroup } from './output/footer.ts';
import { addSummaries, emptySummary, type ScoreSummary } from './score-summary.ts';
import { scoreColumnInfo } from './threads/score-group.ts';
import type { GroupJob, GroupResult, Reject } from './threads/messages.ts';
import { OutOfMemory, type ThreadModel } from './threads/thread-pool.ts';

export interface ParquetScoring {
  readonly model: { readonly digest: string; readonly load: () => Promise<Uint8Array>; readonly schema: ModelSchema };
  /** null: the features are columns of the file. */
  readonly formulas?: FormulasAt | null;
  /** Columns that stand beside the scores. */
  readonly keep: readonly string[];
  /** Name of the column of scores; 'score'. */
  readonly scoreColumn?: string;
  /** Key-value metadata of the file that is written: which run and model made it. */
  readonly notes?: Readonly<Record<string, string>>;
  /** Rows that a thread holds at once. */
  readonly batchRows?: number;
  /** Called for rows that were not scored, in order. */
  readonly onRejects?: (rejects: readonly Reject[]) => void;
  readonly onProgress?: (doneRows: number, rows: number) => void;
  readonly signal?: AbortSignal;
  /** Filled in when all is done. */
  readonly done?: (summary: ScoreSummary) => void;
}
const BATCH_ROWS = 65_536;
/** Columns that lie nearer to each other are read at once. */
const GAP_BYTES = 1_048_576;

/** Bytes of the file of scores. Rows that were not scored are left out of it. Throws HDL-BAD-FILE, HDL-FILE-SCHEMA, HDL-MODEL-INPUT, HDL-SCORE-MEMORY. */
export async function* scoreParquet(scorer: LocalScorer, source: RangeSource, scoring: ParquetScoring): AsyncGenerator<Uint8Array> {
  const { schema } = scoring.model;
  const formulas = await loadFormulas(scoring.formulas ?? null, schema.features);
  const columns = [...new Set([...formulas.map(({ column }) => column), ...scoring.keep])];
  const info = await readFileInfo(source, columns);
  const model = await scorer.open(scoring.model.digest, scoring.model.load);
  const scoreColumn = scoring.scoreColumn ?? 'score';
  const running: Promise<GroupResult[]>[] = [];
  const written: WrittenGroup[] = [];
  let summary: ScoreSummary = emptySummary(formulas.length);
  let at = MAGIC.length;
  yield MAGIC;
  let next = 0;
  let firstRow = 0;
  let doneRows = 0;
  try {
    while (next < info.groups.length || running.length > 0) {
      scoring.signal?.throwIfAborted();
      while (running.length <= scorer.pool.threads && next < info.groups.length) {
        const group = info.groups[next++];
        if (!group || group.rows === 0) continue;
        const job = { name: source.name, group, firstRow, formulas: scoring.formulas ?? null, schema, keep: scoring.keep, scoreColumn };
        const work = startGroup(scorer, source, model, { ...job, batchRows: scoring.batchRows ?? BATCH_ROWS });
        work.catch(() => {}); // it is awaited below, in its turn
        running.push(work);
        firstRow += group.rows;
      }
      for (const result of (await running.shift()) ?? []) {
        if (result.rejects.length > 0) scoring.onRejects?.(result.rejects);
        summary = addSummaries(summary, result.summary);
        doneRows += result.rows + result.rejects.length;
        scoring.onProgress?.(doneRows, info.rows);
        if (result.rows === 0) continue;
        written.push({ rows: result.rows, offset: at, chunks: result.chunks });
        at += result.bytes.length;
        yield result.bytes;
      }
    }
  } finally {
    await Promise.allSettled(running);
  }
  if (doneRows !== info.rows)
    throw new HeddleError('HDL-BAD-FILE', { what: `Its row groups have ${doneRows} rows, and its footer says ${info.rows}.`, where: source.name });
  const kept = scoring.keep.flatMap((name) => info.columns.find((column) => column.name === name) ?? []);
  yield footerBytes([...kept, scoreColumnInfo(scoreColumn)], written, scoring.notes ?? {});
  scoring.done?.(summary);
}

async function startGroup(scorer: LocalScorer, source: RangeSource, model: ThreadModel, job: Omit<GroupJob, 'bytes' | 'from' | 'to'>): Promise<GroupResult[]> {
  const bytes = await readChunks(source, job.group.chunks);
  return scoreRange(scorer, model, { ...job, bytes, from: 0, to: job.group.rows });
}

/** Rows from..to, halved when they do not fit into memory: smaller batches first go with smaller ranges. */
async function scoreRange(scorer: LocalScorer, model: ThreadModel, job: GroupJob): Promise<GroupResult[]> {
  const rows = job.to - job.from;
  try {
    const result = await scorer.pool.run<GroupResult>(model, () => {
      const bytes = job.bytes.map((chunk) => new Uint8Array(chunk)); // copies
      return { message: { kind: 'group', job: { ...job, bytes } }, transfer: bytes.map((chunk) => chunk.buffer) };
    });
    return [result];
  } catch (error) {
    if (!(error instanceof OutOfMemory)) throw error;
    if (rows <= LEAST_ROWS) throw tooLarge(rows, model.digest, error);
    const middle = (job.from + job.to) >> 1;
    const batchRows = Math.max(LEAST_ROWS, Math.min(job.batchRows, rows >> 1));
    const first = await scoreRange(scorer, model, { ...job, to: middle, batchRows });
    return [...first, ...(await scoreRange(scorer, model, { ...job, from: middle, batchRows }))];
  }
}

/** The chunks' bytes; those that lie near to each other by one read. */
async function readChunks(source: RangeSource, chunks: readonly ChunkInfo[]): Promise<Uint8Array[]> {
  const order = [...chunks.keys()].sort((a, b) => offsetOf(chunks[a]) - offsetOf(chunks[b]));
  const out: Uint8Array[] = [];
  for (let i = 0; i < order.length;) {
    const from = offsetOf(chunks[order[i]!]);
    let to = from;
    let end = i;
    while (end < order.length && offsetOf(chunks[order[end]!]) - to <= GAP_BYTES) {
      const chunk = chunks[order[end]!];
      to = Math.max(to, offsetOf(chunk) + (chunk?.length ?? 0));
      end++;
    }
    const bytes = await source.read(from, to - from);
    if (bytes.length !== to - from)
      throw new HeddleError('HDL-BAD-FILE', { what: `${to - from} bytes at ${from} were asked for, and ${bytes.length} came.`, where: source.name });
    for (; i < end; i++) {
      const chunk = chunks[order[i]!];
      const start = offsetOf(chunk) - from;
      out[order[i]!] = bytes.subarray(start, start + (chunk?.length ?? 0));
    }
  }
  return out;
}
const offsetOf = (chunk: ChunkInfo | undefined): number => chunk?.offset ?? 0;
