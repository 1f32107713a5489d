/**
 * The codec's thread: parquet-wasm and nothing else. Files and row groups come as bytes and go as Arrow IPC streams, and the
 * other way round. Every wasm table is freed. codec.ts starts and replaces it. Workers.
 */
import { parentPort } from 'node:worker_threads';
import {
  Compression,
  Encoding,
  readParquet,
  readSchema,
  Table,
  transformParquetStream,
  wasmMemory,
  WriterPropertiesBuilder,
  WriterVersion,
  type WriterProperties,
} from 'parquet-wasm';
import type { FileLayout, FromCodec, ToCodec } from './codec-messages.ts';

const port = parentPort;
if (!port) throw new Error('this file is a thread of storage/parquet/codec.ts');

type Said = FromCodec extends infer Message ? (Message extends unknown ? Omit<Message, 'heapBytes'> : never) : never;
function say(message: Said, bytes?: Uint8Array): void {
  port?.postMessage({ ...message, heapBytes: wasmMemory().buffer.byteLength }, bytes ? [bytes.buffer as ArrayBuffer] : []); // never shared memory
}
/** Batches of the files that are being written, by id. */
const open = new Map<number, (ipc: Uint8Array | null) => void>();

port.on('message', (message: ToCodec) => {
  const { id } = message;
  switch (message.op) {
    case 'schema':
      return answer(id, () => readSchema(message.file).intoIPCStream());
    case 'decode':
      return answer(id, () => decode(message));
    case 'open':
      void encode(id, message.layout);
      return;
    case 'batch':
      return open.get(id)?.(message.ipc);
    case 'last':
      return open.get(id)?.(null);
    case 'drop':
      open.get(id)?.(null);
      open.delete(id);
      return;
  }
});

function answer(id: number, work: () => Uint8Array): void {
  try {
    const ipc = work();
    say({ id, op: 'decoded', ipc }, ipc);
  } catch (error) {
    fail(id, error);
  }
}

function decode({ file, batchRows, from, rows }: Extract<ToCodec, { op: 'decode' }>): Uint8Array {
  return readParquet(file, { batchSize: batchRows, ...(from > 0 && { offset: from }), limit: rows }).intoIPCStream(); // frees its table
}

async function encode(id: number, layout: FileLayout): Promise<void> {
  try {
    const source = new ReadableStream<unknown>(
      {
        async pull(controller) {
          const ipc = await new Promise<Uint8Array | null>((resolve) => {
            open.set(id, resolve);
            say({ id, op: 'want' });
          });
          if (!ipc) return controller.close();
          const table = Table.fromIPCStream(ipc);
          for (const batch of table.recordBatches()) controller.enqueue(batch); // the writer takes and frees them
          table.free();
        },
      },
      { highWaterMark: 0 },
    );
    const bytes = await transformParquetStream(source, propertiesOf(layout));
    for await (const part of bytes as AsyncIterable<Uint8Array>) say({ id, op: 'bytes', bytes: part }, part);
    say({ id, op: 'done' });
  } catch (error) {
    fail(id, error);
  } finally {
    open.delete(id);
  }
}

function propertiesOf({ codec, rowsPerGroup, encodings }: FileLayout): WriterProperties {
  let properties = new WriterPropertiesBuilder()
    .setWriterVersion(WriterVersion.V1)
    .setCompression(codec === 'zstd' ? Compression.ZSTD : Compression.SNAPPY)
    .setMaxRowGroupSize(rowsPerGroup)
    .setDictionaryEnabled(false);
  for (const [column, encoding] of Object.entries(encodings)) {
    if (encoding === 'dictionary') properties = properties.setColumnDictionaryEnabled(column, true);
    else properties = properties.setColumnEncoding(column, encoding === 'delta' ? Encoding.DELTA_BINARY_PACKED : Encoding.PLAIN);
  }
  return properties.build();
}

/** A panic in Rust is a trap in wasm, after which the instance's memory is in no known state. */
function fail(id: number, error: unknown): void {
  say({ id, op: 'failed', message: error instanceof Error ? error.message : String(error), fatal: error instanceof Error && error.name === 'RuntimeError' });
}
