/**
 * Parquet files -> a Parquet file of scores, row group by row group, each handled by one thread from its bytes to its bytes.
 * The main thread reads ranges and hands on what is written, so that the store's own clients work; at most one row group more
 * than there are threads is in memory, and nothing is read before the consumer takes what is ready. Worker side.
 */
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import type { ChunkInfo, ColumnInfo, RangeSource } from './columns/column-info.ts';
import { groupsOf } from './groups-of-files.ts';
import { loadFormulas, type FormulasAt } from './formulas.ts';
import { LEAST_ROWS, tooLarge, type LocalScorer } from './local-scorer.ts';
import type { ModelSchema } from './model-schema.ts';
import { footerBytes, MAGIC, type WrittenGroup } from './output/footer.ts';
import { addSummaries, emptySummary, type ScoreSummary } from './score-summary.ts';
import { constantColumnInfo, scoreColumnInfo } from './threads/score-group.ts';
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
  /** Rows of all files together: from this one, so many. Left out: all. */
  readonly first?: number;
  readonly count?: number;
  /** Columns of one text each, after the scores. */
  readonly constants?: Readonly<Record<string, string>>;
  /** So many rejects are told; all are counted. Left out: all of them. */
  readonly keepRejects?: number;
  /** Called for rows that were not scored, in order. */
  readonly onRejects?: (rejects: readonly Reject[]) => void;
  readonly onProgress?: (doneRows: number, rows: number | null) => void;
  readonly signal?: AbortSignal;
  /** Filled in when all is done. */
  readonly done?: (summary: ScoreSummary) => void;
}
const BATCH_ROWS = 65_536;
/** Columns that lie nearer to each other are read at once. */
const GAP_BYTES = 1_048_576;

/** A file, and how many rows it has where that is known: then its footer is read only when its rows are wanted. */
export type ScoredFile = RangeSource & { readonly rows?: number };

/** Bytes of the file of scores. Rows that were not scored are left out of it. Throws HDL-BAD-FILE, HDL-FILE-SCHEMA, HDL-MODEL-INPUT, HDL-SCORE-MEMORY. */
export async function* scoreParquet(scorer: LocalScorer, source: ScoredFile | readonly ScoredFile[], scoring: ParquetScoring): AsyncGenerator<Uint8Array> {
  const scoreColumn = scoring.scoreColumn ?? 'score';
  const columns: ColumnInfo[] = [];
  const written: WrittenGroup[] = [];
  let at = MAGIC.length;
  yield MAGIC;
  const sources = 'read' in source ? [source] : source;
  for await (const { bytes, rows, chunks } of scoreGroups(scorer, sources, scoring, {
    infer: true,
    scoreColumn,
    onColumns: (known) => columns.push(...known),
  })) {
    if (rows === 0) continue;
    written.push({ rows, offset: at, chunks });
    at += bytes.length;
    yield bytes;
  }
  const kept = scoring.keep.flatMap((name) => columns.find((column) => column.name === name) ?? []);
  const constants = Object.keys(scoring.constants ?? {}).map(constantColumnInfo);
  yield footerBytes([...kept, scoreColumnInfo(scoreColumn), ...constants], written, scoring.notes ?? {});
}

/** Looks at each row as scoreParquet would, and scores none: what would go to quarantine, and what the features look like. Throws as it does. */
export async function sieveParquet(scorer: LocalScorer, sources: readonly ScoredFile[], scoring: ParquetScoring): Promise<void> {
  for await (const _ of scoreGroups(scorer, sources, scoring, { infer: false, scoreColumn: 'score' }));
}

interface GroupsOptions {
  readonly infer: boolean;
  readonly scoreColumn: string;
  /** Called once, with the columns that are read. */
  readonly onColumns?: (columns: readonly ColumnInfo[]) => void;
}
/** Results in the order of the rows. */
async function* scoreGroups(
  scorer: LocalScorer,
  sources: readonly ScoredFile[],
  scoring: ParquetScoring,
  { infer, scoreColumn, onColumns }: GroupsOptions,
): AsyncGenerator<GroupResult> {
  const { schema } = scoring.model;
  const { first = 0, count = Number.POSITIVE_INFINITY, constants = {}, keep, batchRows = BATCH_ROWS } = scoring;
  const formulas = await loadFormulas(scoring.formulas ?? null, schema.features);
  const columns = [...new Set([...formulas.map(({ column }) => column), ...keep])];
  const model = await scorer.open(scoring.model.digest, scoring.model.load);
  const pieces = groupsOf(sources, columns, first, first + count, onColumns);
  const total = Math.min(count, sources.reduce((sum, { rows = Number.NaN }) => sum + rows, 0) - first);
  let left = scoring.keepRejects ?? Number.POSITIVE_INFINITY;
  const running: { readonly rows: number; readonly work: Promise<GroupResult[]> }[] = [];
  let summary = emptySummary;
  let doneRows = 0;
  let next = await pieces.next();
  try {
    while (!next.done || running.length > 0) {
      scoring.signal?.throwIfAborted();
      while (running.length <= scorer.pool.threads && !next.done) {
        const { source, group, firstRow, from, to } = next.value;
        const job = {
          name: source.name,
          group,
          firstRow,
          from,
          to,
          formulas: scoring.formulas ?? null,
          schema,
          keep,
          scoreColumn,
          constants,
          infer,
          keepRejects: left,
        };
        const work = startGroup(scorer, source, model, { ...job, batchRows });
        work.catch(() => {}); // it is awaited below, in its turn
        running.push({ rows: to - from, work });
        next = await pieces.next();
      }
      const oldest = running.shift();
      for (const result of oldest ? await oldest.work : []) {
        const rejects = result.rejects.slice(0, left);
        left -= rejects.length;
        if (rejects.length > 0) scoring.onRejects?.(rejects);
        summary = addSummaries(summary, result.summary);
        yield result;
      }
      doneRows += oldest?.rows ?? 0;
      scoring.onProgress?.(doneRows, Number.isNaN(total) ? null : total);
    }
  } finally {
    await Promise.allSettled(running.map(({ work }) => work));
  }
  scoring.done?.(summary);
}

async function startGroup(scorer: LocalScorer, source: RangeSource, model: ThreadModel, job: Omit<GroupJob, 'bytes'>): Promise<GroupResult[]> {
  const bytes = await readChunks(source, job.group.chunks);
  return scoreRange(scorer, model, { ...job, bytes });
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
