/**
 * Arrow batches -> bytes of a Parquet file as they come, through the codec's thread. In memory at a time: one batch here,
 * one row group there. Workers.
 */
import { setImmediate } from 'node:timers/promises';
import { Table, tableToIPC, type RecordBatch } from 'apache-arrow';
import { openEncoding } from './codec.ts';
import type { ColumnType } from './column-types.ts';
import { fileRules, layoutFor, type FileRules } from './file-layout.ts';

/** `batches` gives at least one, which may be empty. What it throws comes out as it is. Throws HDL-CODEC-LOST. */
export async function* parquetBytes(
  types: readonly ColumnType[],
  batches: AsyncIterator<RecordBatch>,
  rules: Pick<FileRules, 'profile' | 'rowsPerGroup'> = fileRules(),
  name = 'a file that is being written',
): AsyncGenerator<Uint8Array> {
  const first = await batches.next();
  if (first.done) throw new Error('a Parquet file needs a batch, if an empty one');
  await setImmediate(); // making a batch, looking at it and starting a thread are not done in one turn: heartbeats go out in between
  const layout = layoutFor(types, first.value, rules);
  await setImmediate();
  const encoding = openEncoding(name, layout);
  let waiting: RecordBatch | null = first.value;
  try {
    for (;;) {
      const heard = await encoding.next();
      if (heard.op === 'done') return;
      if (heard.op === 'bytes') {
        yield heard.bytes;
        continue;
      }
      const batch: RecordBatch | null = waiting ?? ((await batches.next()).value as RecordBatch | undefined) ?? null;
      waiting = null;
      encoding.give(batch && ipcOf(batch));
    }
  } finally {
    encoding.close();
  }
}

/** In memory of its own, which the thread takes. */
function ipcOf(batch: RecordBatch): Uint8Array {
  const ipc = tableToIPC(new Table([batch]), 'stream');
  return ipc.byteLength === ipc.buffer.byteLength ? ipc : ipc.slice();
}
