/**
 * A Parquet file of any size -> Arrow record batches, row group by row group: the footer says which groups and ranges are
 * needed, those are read, and the codec's thread decodes them. In memory at a time: one group that is given out and one
 * that is on its way. Workers.
 */
import { tableFromIPC, type RecordBatch } from 'apache-arrow';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import { checkFileSchema } from './check-file-schema.ts';
import { decode } from './codec.ts';
import type { ColumnType } from './column-types.ts';
import { readFooter, type FileSource } from './footer.ts';
import { groupsThatMayMatch, type CheckedPredicate } from './predicate.ts';
import { emptyFile, planGroups, type GroupPlan } from './row-group-file.ts';

const ROWS_PER_BATCH = 65_536;
/** A row group that decodes to more is decoded in parts. */
const DECODED_BYTES = 64 * 1024 * 1024;

export interface BatchOptions {
  /** Leaves out row groups that hold no matching row. Rows that do not match come with those that do. */
  readonly where?: readonly CheckedPredicate[];
  /** Rows that the file must have, by its manifest. */
  readonly rows?: number;
  readonly batchRows?: number;
  readonly decodedBytes?: number;
}

/**
 * Only the columns of `types`. Throws HDL-BAD-FILE for what is no whole Parquet file, HDL-FILE-SCHEMA for other columns; what the
 * source throws comes out as it is.
 */
export async function* readBatches(source: FileSource, types: readonly ColumnType[], options: BatchOptions = {}): AsyncGenerator<RecordBatch> {
  const { where = [], batchRows = ROWS_PER_BATCH, decodedBytes = DECODED_BYTES } = options;
  const footer = await readFooter(source);
  const total = Number(footer.metadata.num_rows);
  const bad = (what: string): HeddleError => new HeddleError('HDL-BAD-FILE', { what, where: source.name });
  if (options.rows !== undefined && total !== options.rows) throw bad(`The file has ${total} rows, and its manifest says ${options.rows}.`);
  const damaged = (work: () => GroupPlan[] | Uint8Array<ArrayBuffer>): never[] | GroupPlan[] | Uint8Array<ArrayBuffer> => {
    try {
      return work();
    } catch (error) {
      // a TypeError: a field that is there as something else
      if (error instanceof RangeError || error instanceof TypeError) throw bad(`The file's footer cannot be read: ${error.message}.`);
      throw error;
    }
  };
  const { schema } = tableFromIPC(await decode(source.name, { op: 'schema', file: damaged(() => emptyFile(footer)) as Uint8Array<ArrayBuffer> }));
  checkFileSchema(types, schema, source.name);
  const columns = types.map(({ name }) => name);
  const plans = damaged(() => planGroups(source, footer, groupsThatMayMatch(footer.metadata, where), columns)) as GroupPlan[];
  const parts = plans.flatMap((plan) => partsOf(plan, batchRows, decodedBytes));

  let bytes: Uint8Array<ArrayBuffer> | null = null;
  const load = async ({ plan, from, rows }: Part): Promise<RecordBatch[]> => {
    bytes ??= plan.file(await Promise.all(plan.ranges.map((range) => rangeOf(source, range))));
    const last = from + rows === plan.rows;
    const file = last ? bytes : bytes.slice(); // the thread takes it
    if (last) bytes = null;
    const { batches } = tableFromIPC(await decode(source.name, { op: 'decode', file, batchRows, from, rows }));
    const found = batches.reduce((sum, batch) => sum + batch.numRows, 0);
    if (found !== rows) throw bad(`A row group should have ${rows} rows from row ${from} on, and ${found} came.`);
    return batches;
  };
  let next = parts[0] && load(parts[0]);
  for (let i = 0; next; i++) {
    const batches: RecordBatch[] = await next;
    const following = parts[i + 1];
    next = following && load(following);
    next?.catch(() => undefined); // thrown when its turn comes; a reader that stops earlier never sees it
    for (const batch of batches) yield batch;
  }
}

interface Part {
  readonly plan: GroupPlan;
  readonly from: number;
  readonly rows: number;
}
function partsOf(plan: GroupPlan, batchRows: number, decodedBytes: number): Part[] {
  const fit = Math.floor((plan.rows * decodedBytes) / Math.max(1, plan.decodedBytes));
  const step = Math.max(batchRows, fit - (fit % batchRows));
  return Array.from({ length: Math.ceil(plan.rows / step) }, (_, i) => ({ plan, from: i * step, rows: Math.min(step, plan.rows - i * step) }));
}

async function rangeOf(source: FileSource, { start, end }: { readonly start: number; readonly end: number }): Promise<Uint8Array> {
  const bytes = await source.read(start, end);
  if (bytes.length === end - start) return bytes;
  throw new HeddleError('HDL-BAD-FILE', { what: `The file is cut off: of the bytes ${start} to ${end} came ${bytes.length}.`, where: source.name });
}
