/**
 * The public flights file (npm vega-datasets, 3,000,000 flights of 2001) by day, in columns. Stands in for the upstream job
 * that would land the data. Runs on a worker; only the landing pipeline imports it.
 */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { asyncBufferFromFile, parquetMetadataAsync, parquetRead, type AsyncBuffer, type FileMetaData } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import type { FlightColumns } from './flight-columns.ts';

export interface FlightsFile {
  readonly rows: number;
  /** Flights that left on `day` ('2001-03-01'), in the order of the file; 0 rows where there are none. */
  readDay(day: string): Promise<FlightColumns>;
}
const DAY_S = 86_400;
/** Decoded row groups kept: a day lies in at most two. */
const KEEP_GROUPS = 2;

let opened: Promise<FlightsFile> | undefined;
/** The installed package's file, opened once a process: days of one row group then share its decoding. */
export const flightsFile = (): Promise<FlightsFile> => (opened ??= openFlightsFile());

/** Opens the file of the installed package. Throws when `vega-datasets` is not installed. */
export async function openFlightsFile(path: string = flightsPath()): Promise<FlightsFile> {
  const file = await asyncBufferFromFile(path);
  const metadata = await parquetMetadataAsync(file);
  const groups = groupRanges(metadata);
  const decoded = new Map<number, Promise<FlightColumns>>();
  const group = (index: number): Promise<FlightColumns> => {
    const known = decoded.get(index);
    if (known) return known;
    const oldest = decoded.keys().next().value;
    if (decoded.size >= KEEP_GROUPS && oldest !== undefined) decoded.delete(oldest);
    const read = readRows(file, metadata, groups[index]!);
    decoded.set(index, read);
    return read;
  };
  return {
    rows: Number(metadata.num_rows),
    async readDay(day) {
      const from = Date.parse(`${day}T00:00:00Z`) / 1000;
      const parts: FlightColumns[] = [];
      for (const [index, range] of groups.entries()) {
        if (range.maxAt >= from && range.minAt < from + DAY_S) parts.push(between(await group(index), from, from + DAY_S));
      }
      return joined(parts);
    },
  };
}

/** The package exports its script only (build/...): its data lies beside that. */
const flightsPath = (): string => join(dirname(createRequire(import.meta.url).resolve('vega-datasets')), '..', 'data', 'flights-3m.parquet');

interface GroupRange {
  readonly first: number;
  readonly end: number;
  readonly minAt: number;
  readonly maxAt: number;
}
function groupRanges(metadata: FileMetaData): GroupRange[] {
  let first = 0;
  return metadata.row_groups.map((group) => {
    const { min_value: min, max_value: max } = group.columns[0]?.meta_data?.statistics ?? {};
    const range = { first, end: first + Number(group.num_rows), minAt: Number(min as Date) / 1000, maxAt: Number(max as Date) / 1000 };
    first = range.end;
    return range;
  });
}

async function readRows(file: AsyncBuffer, metadata: FileMetaData, { first, end }: GroupRange): Promise<FlightColumns> {
  const numRows = end - first;
  const at = new Int32Array(numRows);
  const delay = new Int32Array(numRows);
  const distance = new Int32Array(numRows);
  const origin: string[] = [];
  const destination: string[] = [];
  const numbers: Readonly<Record<string, Int32Array>> = { date: at, delay, distance };
  const texts: Readonly<Record<string, string[]>> = { origin, destination };
  await parquetRead({
    file,
    metadata,
    compressors,
    rowStart: first,
    rowEnd: end,
    parsers: { timestampFromMicroseconds: (micros: bigint) => Number(micros / 1_000_000n) },
    onChunk({ columnName, columnData, rowStart }) {
      const target = numbers[columnName];
      const text = texts[columnName];
      for (let i = 0; i < columnData.length; i++) {
        if (target) target[rowStart - first + i] = Number(columnData[i]);
        else if (text) text[rowStart - first + i] = columnData[i] as string;
      }
    },
  });
  return { numRows, at, delay, distance, origin, destination };
}

/** Rows with from <= at < end. The file is sorted by date. */
function between(all: FlightColumns, from: number, end: number): FlightColumns {
  const first = all.at.findIndex((at) => at >= from);
  if (first < 0) return cut(all, 0, 0);
  const past = all.at.findIndex((at) => at >= end);
  return cut(all, first, past < 0 ? all.numRows : past);
}
const cut = (all: FlightColumns, first: number, end: number): FlightColumns => ({
  numRows: end - first,
  at: all.at.slice(first, end),
  delay: all.delay.slice(first, end),
  distance: all.distance.slice(first, end),
  origin: all.origin.slice(first, end),
  destination: all.destination.slice(first, end),
});
function joined(parts: readonly FlightColumns[]): FlightColumns {
  const numRows = parts.reduce((sum, part) => sum + part.numRows, 0);
  const numbers = (column: 'at' | 'delay' | 'distance'): Int32Array => {
    const out = new Int32Array(numRows);
    let offset = 0;
    for (const part of parts) {
      out.set(part[column], offset);
      offset += part.numRows;
    }
    return out;
  };
  return {
    numRows,
    at: numbers('at'),
    delay: numbers('delay'),
    distance: numbers('distance'),
    origin: parts.flatMap((part) => part.origin),
    destination: parts.flatMap((part) => part.destination),
  };
}
