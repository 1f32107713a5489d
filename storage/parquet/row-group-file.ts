/**
 * One row group of a Parquet file, and of it only the columns that are wanted, as a small Parquet file of its own: the ranges to
 * read, and a footer that says where they lie now. So a decoder that takes whole files only (parquet-wasm's synchronous
 * one, whose errors can be caught) reads a file of any size, group by group. Pure but for the reads. Workers.
 */
import { Schema, Table, tableFromIPC, tableToIPC } from 'apache-arrow';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import type { FileSource, Footer } from './footer.ts';
import { changed, decodeThrift, encodeThrift, fieldOf, type ThriftList, type ThriftStruct, type ThriftValue } from './thrift-tree.ts';

/** Bytes between two ranges that are read with them: a request costs more. */
const GAP_BYTES = 32 * 1024;
const MAGIC = Buffer.from('PAR1', 'latin1');

// Field numbers of https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
const FILE = { schema: 2, rows: 3, groups: 4, keyValues: 5, orders: 7 } as const;
const ELEMENT = { name: 4, children: 5 } as const;
const GROUP = { columns: 1, rows: 3, offset: 5, compressed: 6, ordinal: 7 } as const;
const CHUNK = { offset: 2, meta: 3, indexes: [4, 5, 6, 7] } as const;
const META = { path: 3, compressed: 7, data: 9, index: 10, dictionary: 11, bloom: [14, 15] } as const;

export interface GroupPlan {
  readonly rows: number;
  /** Of the chosen columns, decoded. */
  readonly decodedBytes: number;
  /** To read, in the order of the file. */
  readonly ranges: readonly { readonly start: number; readonly end: number }[];
  /** The small file, of the ranges' bytes in their order. */
  file(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer>;
}

/** A file without rows, which tells the schema. */
export const emptyFile = (footer: Footer): Uint8Array<ArrayBuffer> => {
  const root = decodeThrift(footer.raw);
  return assemble([], changed(root, { [FILE.rows]: 0, [FILE.groups]: { element: 12, items: [] } }));
};

/** Plans of the groups with these numbers. `columns`: names of the outermost level. Throws HDL-BAD-FILE for offsets outside of the file. */
export function planGroups(source: FileSource, footer: Footer, groups: readonly number[], columns: readonly string[]): GroupPlan[] {
  const names = new Set(columns);
  const whole = decodeThrift(footer.raw);
  const all = listOf(fieldOf(whole, FILE.groups));
  const root = onlyColumns(whole, names);
  return groups.map((number) => planGroup(source, footer, root, all[number] as ThriftStruct, number, names)); // as many as hyparquet has found
}

function planGroup(source: FileSource, footer: Footer, root: ThriftStruct, group: ThriftStruct, number: number, columns: ReadonlySet<string>): GroupPlan {
  const chunks = listOf(fieldOf(group, GROUP.columns)).map((chunk) => {
    const meta = fieldOf(chunk, CHUNK.meta) as ThriftStruct | undefined;
    if (!meta) throw bad(source, `Row group ${number} has a column without a place.`);
    const [outermost] = (fieldOf(meta, META.path) as { readonly items: readonly Uint8Array[] }).items;
    const data = fieldOf(meta, META.data) as number;
    const dictionary = fieldOf(meta, META.dictionary) as number | undefined;
    const start = dictionary !== undefined && dictionary > 0 && dictionary < data ? dictionary : data;
    return { chunk, meta, start, end: start + (fieldOf(meta, META.compressed) as number), data, dictionary, wanted: columns.has(textOf(outermost)) };
  });
  const wanted = chunks.filter((one) => one.wanted).toSorted((a, b) => a.start - b.start);
  const ranges: { start: number; end: number; at: number }[] = [];
  let length = MAGIC.length;
  for (const { start, end } of wanted) {
    if (!(start >= 4 && end > start && end <= source.size - 8))
      throw bad(source, `Row group ${number} says that it lies at ${start} to ${end}, and the file has ${source.size} bytes.`);
    const last = ranges.at(-1);
    if (last && start - last.end <= GAP_BYTES) {
      length += Math.max(0, end - last.end);
      last.end = Math.max(last.end, end);
    } else {
      ranges.push({ start, end, at: length });
      length += end - start;
    }
  }
  const moved = (offset: number, of: { start: number }): number => {
    const range = ranges.find(({ start, end }) => of.start >= start && of.start < end) as { start: number; at: number }; // made above
    return offset - range.start + range.at;
  };
  const items = chunks
    .filter((one) => one.wanted)
    .map((one) =>
      changed(one.chunk, {
        [CHUNK.offset]: MAGIC.length,
        ...Object.fromEntries(CHUNK.indexes.map((id) => [id, null])),
        [CHUNK.meta]: changed(one.meta, {
          [META.data]: moved(one.data, one),
          [META.dictionary]: one.dictionary !== undefined && one.dictionary > 0 ? moved(one.dictionary, one) : null,
          [META.index]: null,
          ...Object.fromEntries(META.bloom.map((id) => [id, null])),
        }),
      }),
    );
  const rows = fieldOf(group, GROUP.rows) as number;
  const only = changed(group, { [GROUP.columns]: { element: 12, items }, [GROUP.offset]: MAGIC.length, [GROUP.ordinal]: 0 });
  const small = changed(root, { [FILE.rows]: rows, [FILE.groups]: { element: 12, items: [only] } });
  const found = footer.metadata.row_groups[number]?.columns ?? [];
  return {
    rows,
    decodedBytes: chunks.reduce((sum, one, i) => sum + (one.wanted ? Number(found[i]?.meta_data?.total_uncompressed_size ?? 0) : 0), 0),
    ranges,
    file: (parts) => assemble(parts, small),
  };
}

/**
 * The footer without the other columns: parquet-wasm's synchronous reader decodes every column that the schema has, whatever it is
 * asked for. What Arrow notes of the schema beside it (dictionaries, fixed-size lists) is cut in the same way.
 */
function onlyColumns(root: ThriftStruct, names: ReadonlySet<string>): ThriftStruct {
  const [top, ...elements] = listOf(fieldOf(root, FILE.schema));
  const orders = (fieldOf(root, FILE.orders) as ThriftList | undefined)?.items;
  const kept: ThriftStruct[] = [];
  const keptOrders: ThriftValue[] = [];
  let leaf = 0;
  let children = 0;
  for (let at = 0; at < elements.length;) {
    const wanted = names.has(textOf(fieldOf(elements[at] as ThriftStruct, ELEMENT.name) as Uint8Array));
    if (wanted) children++;
    for (let open = 1; open > 0 && at < elements.length; at++, open--) {
      const element = elements[at] as ThriftStruct; // within its length
      const inner = (fieldOf(element, ELEMENT.children) as number | undefined) ?? 0;
      open += inner;
      if (wanted) kept.push(element);
      if (inner > 0) continue;
      const order = orders?.[leaf++];
      if (wanted && order !== undefined) keptOrders.push(order);
    }
  }
  return changed(root, {
    [FILE.schema]: { element: 12, items: [changed(top as ThriftStruct, { [ELEMENT.children]: children }), ...kept] },
    [FILE.orders]: orders ? { element: 12, items: keptOrders } : null,
    [FILE.keyValues]: { element: 12, items: arrowNote(listOf(fieldOf(root, FILE.keyValues)), names) },
  });
}

const ARROW_SCHEMA = 'ARROW:schema';
function arrowNote(pairs: readonly ThriftStruct[], names: ReadonlySet<string>): ThriftStruct[] {
  const note = pairs.find((pair) => textOf(fieldOf(pair, 1) as Uint8Array) === ARROW_SCHEMA);
  if (!note) return [];
  try {
    const { schema } = tableFromIPC(Buffer.from(textOf(fieldOf(note, 2) as Uint8Array), 'base64'));
    const only = new Schema(
      schema.fields.filter((field) => names.has(field.name)),
      schema.metadata,
    );
    const message = tableToIPC(new Table(only), 'stream').subarray(0, -8); // without the mark of the end
    return [changed(note, { 2: Buffer.from(Buffer.from(message).toString('base64'), 'latin1') })];
  } catch {
    return []; // a type that Arrow for JavaScript does not have: Parquet's own schema says enough
  }
}

function assemble(parts: readonly Uint8Array[], footer: ThriftStruct): Uint8Array<ArrayBuffer> {
  const tail = encodeThrift(footer);
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0) + tail.length + 12);
  let at = 0;
  for (const part of [MAGIC, ...parts, tail]) {
    whole.set(part, at);
    at += part.length;
  }
  new DataView(whole.buffer).setUint32(at, tail.length, true);
  whole.set(MAGIC, at + 4);
  return whole;
}

const listOf = (value: ThriftValue | undefined): readonly ThriftStruct[] => (value as { readonly items?: readonly ThriftStruct[] } | undefined)?.items ?? [];
const textOf = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? new Uint8Array()).toString('utf8');
const bad = ({ name }: FileSource, what: string): HeddleError => new HeddleError('HDL-BAD-FILE', { what: `The file is damaged: ${what}`, where: name });
