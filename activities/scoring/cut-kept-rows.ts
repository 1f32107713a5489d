/** Kept rows as they come -> pieces of exactly so many rows, the last one shorter: shards that are the same in every attempt. Pure. */
import type { KeptRows } from './kept-rows.ts';

export async function* cutKeptRows(batches: AsyncIterable<KeptRows>, perPiece: number): AsyncGenerator<KeptRows> {
  let waiting: KeptRows[] = [];
  let rows = 0;
  for await (const batch of batches) {
    let rest = batch;
    while (rows + rest.rows >= perPiece) {
      const count = perPiece - rows;
      yield joined([...waiting, cut(rest, 0, count)]);
      rest = cut(rest, count, rest.rows);
      waiting = [];
      rows = 0;
    }
    if (rest.rows > 0) waiting.push(rest);
    rows += rest.rows;
  }
  if (rows > 0) yield joined(waiting);
}

function cut({ rows, flight, x }: KeptRows, from: number, to: number): KeptRows {
  const width = rows === 0 ? 0 : x.length / rows;
  return { rows: to - from, flight: flight.subarray(from, to), x: x.subarray(from * width, to * width) };
}
function joined(parts: readonly KeptRows[]): KeptRows {
  const rows = parts.reduce((sum, part) => sum + part.rows, 0);
  const flight = new Int32Array(rows);
  const x = new Float32Array(parts.reduce((sum, part) => sum + part.x.length, 0));
  let at = 0;
  let of = 0;
  for (const part of parts) {
    flight.set(part.flight, at);
    x.set(part.x, of);
    at += part.rows;
    of += part.x.length;
  }
  return { rows, flight, x };
}
