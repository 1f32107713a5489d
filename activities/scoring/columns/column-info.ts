/**
 * What scoring must know of a Parquet file's columns and row groups, as plain data that a thread can be sent. Read with
 * hyparquet from the footer. Worker side.
 */
import { parquetMetadataAsync, type ColumnMetaData, type SchemaElement } from 'hyparquet';
import { HeddleError, isHeddleError } from '../../../dsl/errors/heddle-error.ts';

/** A file of which ranges can be read: one in a store, a local one. */
export interface RangeSource {
  /** For messages. */
  readonly name: string;
  readonly bytes: number;
  read(offset: number, length: number): Promise<Uint8Array>;
}
export interface ColumnInfo {
  readonly name: string;
  readonly type: 'INT32' | 'INT64' | 'FLOAT' | 'DOUBLE' | 'BYTE_ARRAY';
  readonly optional: boolean;
  /** As the footer has them, to be written again. */
  readonly converted: SchemaElement['converted_type'] | null;
  readonly logical: SchemaElement['logical_type'] | null;
}
export interface ChunkInfo {
  readonly column: ColumnInfo;
  readonly codec: ColumnMetaData['codec'];
  /** Place in the file. */
  readonly offset: number;
  readonly length: number;
}
export interface GroupInfo {
  readonly rows: number;
  /** In the order in which the columns were asked for. */
  readonly chunks: readonly ChunkInfo[];
}
export interface FileInfo {
  readonly rows: number;
  readonly columns: readonly ColumnInfo[];
  readonly groups: readonly GroupInfo[];
}

/** Throws HDL-BAD-FILE for what is no Parquet, HDL-FILE-SCHEMA for a column that is not there or that scoring cannot take. */
export async function readFileInfo(source: RangeSource, columns: readonly string[]): Promise<FileInfo> {
  const metadata = await footerOf(source);
  const elements = topLevel(metadata.schema);
  const infos = columns.map((name) => columnInfo(elements, name, source.name));
  return {
    rows: Number(metadata.num_rows),
    columns: infos,
    groups: metadata.row_groups.map((group, index) => ({
      rows: Number(group.num_rows),
      chunks: infos.map((column) => {
        const meta = group.columns.find((chunk) => chunk.meta_data?.path_in_schema.join('.') === column.name)?.meta_data;
        if (!meta) throw new HeddleError('HDL-BAD-FILE', { what: `Row group ${index} has no column ${column.name}.`, where: source.name });
        const offset = Math.min(Number(meta.data_page_offset), Number(meta.dictionary_page_offset ?? meta.data_page_offset) || Number(meta.data_page_offset));
        return { column, codec: meta.codec, offset, length: Number(meta.total_compressed_size) };
      }),
    })),
  };
}

async function footerOf(source: RangeSource): Promise<Awaited<ReturnType<typeof parquetMetadataAsync>>> {
  const slice = async (from: number, to = source.bytes): Promise<ArrayBuffer> => {
    const start = from < 0 ? source.bytes + from : from;
    const { buffer, byteOffset, byteLength } = await source.read(start, to - start);
    return (byteLength === buffer.byteLength ? buffer : buffer.slice(byteOffset, byteOffset + byteLength)) as ArrayBuffer; // never shared memory
  };
  try {
    return await parquetMetadataAsync({ byteLength: source.bytes, slice });
  } catch (error) {
    if (isHeddleError(error)) throw error; // of the store
    const why = error instanceof Error ? error.message : String(error);
    throw new HeddleError('HDL-BAD-FILE', { what: `The footer cannot be read: ${why}.`, where: source.name, cause: error });
  }
}

/** The schema is a tree written flat, parents first. */
function topLevel([, ...elements]: readonly SchemaElement[]): SchemaElement[] {
  const top: SchemaElement[] = [];
  let below = 0;
  for (const element of elements) {
    if (below === 0) top.push(element);
    below += (element.num_children ?? 0) - (below > 0 ? 1 : 0);
  }
  return top;
}

const TYPES: ReadonlySet<string | undefined> = new Set(['INT32', 'INT64', 'FLOAT', 'DOUBLE', 'BYTE_ARRAY']);

function columnInfo(elements: readonly SchemaElement[], name: string, file: string): ColumnInfo {
  const element = elements.find((one) => one.name === name);
  const bad = (what: string, fix?: string): HeddleError => new HeddleError('HDL-FILE-SCHEMA', { what, where: file, fix });
  if (!element) throw bad(`The file has no column ${name}.`, `Its columns: ${elements.map((one) => one.name).join(', ')}.`);
  const text = element.converted_type === 'UTF8' || element.logical_type?.type === 'STRING';
  const flat = element.num_children === undefined && element.repetition_type !== 'REPEATED';
  const kind = element.logical_type?.type ?? element.converted_type;
  const refused = kind === 'DECIMAL' || element.converted_type?.startsWith('UINT') || (element.type === 'BYTE_ARRAY' && !text);
  if (!flat || !TYPES.has(element.type) || refused)
    throw bad(`Column ${name} is ${flat ? `${element.type}${kind ? ` (${kind})` : ''}` : 'nested'}: scoring takes signed numbers and texts.`);
  return {
    name,
    type: element.type as ColumnInfo['type'], // looked up in TYPES
    optional: element.repetition_type !== 'REQUIRED',
    converted: element.converted_type ?? null,
    logical: element.logical_type ?? null,
  };
}
