/** The footer of a Parquet file whose row groups were written by ColumnWriter. https://github.com/apache/parquet-format. Pure. */
import { ConvertedTypes, ParquetTypes } from 'hyparquet/src/constants.js';
import type { ColumnInfo } from '../columns/column-info.ts';
import { concat, type WrittenChunk } from './column-writer.ts';
import { encodeStruct, type ThriftStruct, type ThriftValue } from './thrift.ts';

export const MAGIC = new TextEncoder().encode('PAR1');
const ZSTD = 6;

export interface WrittenGroup {
  readonly rows: number;
  /** Place in the file of the first chunk; the others follow without gaps. */
  readonly offset: number;
  readonly chunks: readonly WrittenChunk[];
}

/** Footer, its length and the closing magic. `notes`: key-value metadata. */
export function footerBytes(columns: readonly ColumnInfo[], groups: readonly WrittenGroup[], notes: Readonly<Record<string, string>>): Uint8Array {
  const root: ThriftStruct = [
    [4, { bytes: 'schema' }],
    [5, { i32: columns.length }],
  ];
  const footer = encodeStruct([
    [1, { i32: 2 }],
    [2, { list: [{ struct: root }, ...columns.map((column) => ({ struct: schemaElement(column) }))] }],
    [3, { i64: groups.reduce((sum, { rows }) => sum + rows, 0) }],
    [4, { list: groups.map((group) => ({ struct: rowGroup(group) })) }],
    [
      5,
      {
        list: Object.entries(notes).map(([key, value]) => ({
          struct: [
            [1, { bytes: key }],
            [2, { bytes: value }],
          ] as const,
        })),
      },
    ],
    [6, { bytes: 'heddle' }],
    [7, { list: columns.map(() => ({ struct: [[1, { struct: [] }]] as const })) }], // ordered by type, else readers ignore min and max
  ]);
  return concat([footer, new Uint8Array(Uint32Array.of(footer.length).buffer), MAGIC]);
}

const schemaElement = ({ name, type, optional, converted, logical }: ColumnInfo): ThriftStruct => [
  [1, { i32: ParquetTypes.indexOf(type) }],
  [3, { i32: optional ? 1 : 0 }],
  [4, { bytes: name }],
  [6, converted === null || converted === undefined ? undefined : { i32: ConvertedTypes.indexOf(converted) }],
  [10, logicalType(logical)],
];

const empty: ThriftValue = { struct: [] };
const UNITS = { MILLIS: 1, MICROS: 2, NANOS: 3 } as const;
/** Of numbers and texts; what else there is says no more than the physical type. */
function logicalType(logical: ColumnInfo['logical']): ThriftValue | undefined {
  switch (logical?.type) {
    case 'STRING':
      return { struct: [[1, empty]] };
    case 'DATE':
      return { struct: [[6, empty]] };
    case 'TIME':
    case 'TIMESTAMP':
      return {
        struct: [
          [
            logical.type === 'TIME' ? 7 : 8,
            {
              struct: [
                [1, { bool: logical.isAdjustedToUTC }],
                [2, { struct: [[UNITS[logical.unit], empty]] }],
              ],
            },
          ],
        ],
      };
    case 'INTEGER':
      return {
        struct: [
          [
            10,
            {
              struct: [
                [1, { i8: logical.bitWidth }],
                [2, { bool: logical.isSigned }],
              ],
            },
          ],
        ],
      };
    default:
      return undefined;
  }
}

function rowGroup({ rows, offset, chunks }: WrittenGroup): ThriftStruct {
  let at = offset;
  const columns = chunks.map((chunk): ThriftValue => {
    const start = at;
    at += chunk.compressed;
    return {
      struct: [
        [2, { i64: start }],
        [3, { struct: columnMetadata(chunk, start) }],
      ],
    };
  });
  return [
    [1, { list: columns }],
    [2, { i64: chunks.reduce((sum, chunk) => sum + chunk.uncompressed, 0) }],
    [3, { i64: rows }],
    [5, { i64: offset }],
    [6, { i64: at - offset }],
  ];
}

function columnMetadata(chunk: WrittenChunk, start: number): ThriftStruct {
  const { column, hasDictionary, least, most } = chunk;
  const statistics: ThriftStruct = [
    [3, { i64: chunk.nulls }],
    [5, most ? { bytes: most } : undefined],
    [6, least ? { bytes: least } : undefined],
  ];
  return [
    [1, { i32: ParquetTypes.indexOf(column.type) }],
    [2, { list: (hasDictionary ? [0, 3, 8] : [0, 3]).map((encoding) => ({ i32: encoding })) }],
    [3, { list: [{ bytes: column.name }] }],
    [4, { i32: ZSTD }],
    [5, { i64: chunk.rows }],
    [6, { i64: chunk.uncompressed }],
    [7, { i64: chunk.compressed }],
    [9, { i64: start + chunk.dataAt }],
    [11, hasDictionary ? { i64: start } : undefined],
    [12, { struct: statistics }],
  ];
}
