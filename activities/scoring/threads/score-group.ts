/**
 * A scoring thread's whole work on a row group: decode, features, range check, inference, encode. Nothing crosses threads in
 * between; buffers for a batch are made once a thread. Scoring threads.
 */
import { HeddleError, isHeddleError } from '../../../dsl/errors/heddle-error.ts';
import { numbersOf, rowsOf, type CodedColumn } from '../columns/coded-column.ts';
import { ColumnCursor } from '../columns/column-cursor.ts';
import type { ColumnInfo } from '../columns/column-info.ts';
import type { Formulas } from '../formulas.ts';
import { reasonOf } from '../model-schema.ts';
import { ColumnWriter, concat } from '../output/column-writer.ts';
import { addSummaries, emptySummary, summarize } from '../score-summary.ts';
import type { Gatherer } from './gather.ts';
import { infer, type LoadedModel } from './load-model.ts';
import type { GroupJob, GroupResult, Reject } from './messages.ts';
import { isOutOfMemory } from './out-of-memory.ts';

export const scoreColumnInfo = (name: string): ColumnInfo => ({ name, type: 'FLOAT', optional: false, converted: null, logical: null });
export const constantColumnInfo = (name: string): ColumnInfo => ({ name, type: 'BYTE_ARRAY', optional: false, converted: 'UTF8', logical: { type: 'STRING' } });

/** Throws HDL-BAD-FILE for pages that cannot be decoded. */
export async function scoreGroup(job: GroupJob, model: LoadedModel, formulas: Formulas, gatherer: Gatherer, modelName: string): Promise<GroupResult> {
  const { group, from, to, keep } = job;
  const width = formulas.length;
  const cursors = group.chunks.map((chunk, i) => ({ name: chunk.column.name, cursor: new ColumnCursor(job.bytes[i] ?? new Uint8Array(), chunk) }));
  for (const { name, cursor } of cursors) decoding(job, name, () => cursor.skip(from));
  const batchRows = Math.min(job.batchRows, to - from);
  const { x, bad, scores } = buffersOf(batchRows, width);
  const writers = keep.map((name) => ({ name, writer: new ColumnWriter(infoOf(job, name)) }));
  const scoreWriter = new ColumnWriter(scoreColumnInfo(job.scoreColumn));
  const constants = Object.entries(job.constants).map(([name, text]) => ({ values: [text], writer: new ColumnWriter(constantColumnInfo(name)) }));
  const rejects: Reject[] = [];
  let summary = emptySummary;
  for (let first = from; first < to; first += batchRows) {
    const rows = Math.min(batchRows, to - first);
    const columns = new Map(cursors.map(({ name, cursor }) => [name, decoding(job, name, () => cursor.take(rows))]));
    const reasons: Record<string, number> = {};
    const reject = (row: number, feature: string, reason: Reject['reason'], value: number): void => {
      if (rejects.length >= job.keepRejects) return;
      const key = Object.fromEntries(keep.map((name) => [name, shown(columns.get(name), row)]));
      rejects.push({ row: job.firstRow + first + row, feature, reason, value: Number.isFinite(value) ? value : null, key });
    };
    let kept: Uint32Array | null = null; // null: all
    const anyBad = gatherer.fill(columns, rows, x, bad);
    const seen = job.schema.profile ? gatherer.moments(columns, rows, x) : [];
    if (anyBad) {
      kept = rowsWhere(rows, (row) => bad[row]! < 0);
      for (let row = 0; row < rows; row++) {
        const f = bad[row]!;
        const formula = formulas[f];
        if (!formula) continue;
        const value = x[row * width + f]!;
        const reason = reasonOf(value, columns.get(formula.column)?.valid?.[row] === 0, gatherer.low[f] ?? 0);
        const kind = `${formula.feature} ${reason}`;
        reasons[kind] = (reasons[kind] ?? 0) + 1;
        reject(row, formula.feature, reason, value);
      }
      compact(x, width, kept);
    }
    const quarantined = kept ? rows - kept.length : 0;
    summary = addSummaries(summary, { ...emptySummary, quarantined, reasons, seen });
    if (!job.infer) continue;
    let part = scores.subarray(0, kept?.length ?? rows);
    await infer(model, x, width, part, modelName);
    const scored = part;
    if (!areFinite(scored)) {
      const finite = rowsWhere(scored.length, (row) => Number.isFinite(scored[row]));
      for (let row = 0; row < scored.length; row++) if (!Number.isFinite(scored[row])) reject(kept ? kept[row]! : row, job.scoreColumn, 'no score', Number.NaN);
      summary = { ...summary, failed: summary.failed + scored.length - finite.length };
      compact(scores, 1, finite);
      part = scores.subarray(0, finite.length);
      kept = kept ? finite.map((row) => kept![row]!) : finite;
    }
    summary = addSummaries(summary, { ...emptySummary, ...summarize(part) });
    for (const { name, writer } of writers) {
      const column = columns.get(name);
      if (column) writer.add(kept ? rowsOf(column, kept) : column);
    }
    scoreWriter.add({ rows: part.length, codes: null, values: part, valid: null });
    for (const { values, writer } of constants) writer.add({ rows: part.length, codes: new Uint32Array(part.length), values, valid: null });
  }
  const all = [...writers.map(({ writer }) => writer), scoreWriter, ...constants.map(({ writer }) => writer)];
  return { bytes: concat(all.flatMap((writer) => writer.parts)), chunks: all.map((writer) => writer.finish()), rows: summary.scored, rejects, summary };
}

interface Buffers {
  readonly x: Float32Array;
  readonly bad: Int16Array;
  readonly scores: Float32Array;
}
/** Of the thread: its jobs come one after the other. */
let buffers: Buffers | null = null;
function buffersOf(rows: number, width: number): Buffers {
  if (buffers && buffers.bad.length === rows && buffers.x.length === rows * width) return buffers;
  buffers = null; // the old ones may go first
  buffers = { x: new Float32Array(rows * width), bad: new Int16Array(rows), scores: new Float32Array(rows) };
  return buffers;
}

function infoOf({ group, name }: GroupJob, column: string): ColumnInfo {
  const found = group.chunks.find((chunk) => chunk.column.name === column);
  if (!found) throw new Error(`${name}: no column ${column} was read`);
  return found.column;
}
/** What breaks inside of a decoder is a broken file. */
function decoding<T>({ name }: GroupJob, column: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (isHeddleError(error) || isOutOfMemory(error)) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new HeddleError('HDL-BAD-FILE', { what: `Column ${column} cannot be decoded: ${why}.`, where: name, cause: error });
  }
}
/** What is not finite makes a sum that is not. */
function areFinite(values: Float32Array): boolean {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return Number.isFinite(sum);
}
function rowsWhere(rows: number, test: (row: number) => boolean): Uint32Array {
  const out = new Uint32Array(rows);
  let to = 0;
  for (let row = 0; row < rows; row++) if (test(row)) out[to++] = row;
  return out.slice(0, to);
}
/** Moves the named rows to the front. */
function compact(x: Float32Array, width: number, rows: Uint32Array): void {
  for (let i = 0; i < rows.length; i++) if (rows[i] !== i) x.copyWithin(i * width, rows[i]! * width, (rows[i]! + 1) * width);
}
function shown(column: CodedColumn | undefined, row: number): string | number | null {
  if (!column || column.valid?.[row] === 0) return null;
  const at = column.codes ? column.codes[row]! : row;
  return numbersOf(column.values)?.[at] ?? (column.values[at] as string); // texts are what is no number
}
