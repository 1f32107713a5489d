/** Flights as columns: what moves between the steps of the flights pipelines. Pure; worker side. */
export interface FlightColumns {
  readonly numRows: number;
  /** Departure, seconds since the epoch; local clock time read as UTC. */
  readonly at: Int32Array;
  /** Minutes late; negative when early. */
  readonly delay: Int32Array;
  /** Miles. */
  readonly distance: Int32Array;
  readonly origin: string[];
  readonly destination: string[];
}
/** A flight counts as late from here on, minutes. */
export const LATE_AFTER_MIN = 15;

/** Copies the batches of a read into columns. `rows` is the number of rows that the slice says it has. */
export async function gatherFlights(batches: AsyncIterable<FlightBatch>, rows: number): Promise<FlightColumns> {
  const out: FlightColumns = {
    numRows: rows,
    at: new Int32Array(rows),
    delay: new Int32Array(rows),
    distance: new Int32Array(rows),
    origin: Array.from({ length: rows }),
    destination: Array.from({ length: rows }),
  };
  let offset = 0;
  for await (const { numRows, columns } of batches) {
    if (offset + numRows > rows) throw new Error(`the slice says it has ${rows} rows, and more came`);
    for (let i = 0; i < numRows; i++) {
      out.at[offset + i] = Number(columns.at[i]);
      out.delay[offset + i] = Number(columns.delay[i]);
      out.distance[offset + i] = Number(columns.distance[i]);
      out.origin[offset + i] = columns.origin[i]!;
      out.destination[offset + i] = columns.destination[i]!;
    }
    offset += numRows;
  }
  if (offset !== rows) throw new Error(`the slice says it has ${rows} rows, and ${offset} came`);
  return out;
}
export interface FlightBatch {
  readonly numRows: number;
  readonly columns: {
    readonly at: ArrayLike<number>;
    readonly delay: ArrayLike<number>;
    readonly distance: ArrayLike<number>;
    readonly origin: ArrayLike<string>;
    readonly destination: ArrayLike<string>;
  };
}
