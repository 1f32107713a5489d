/** The codec's threads: the main thread goes on, memory is given back, a file that breaks the decoder harms nobody else. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { afterEach, describe, expect, it } from 'vitest';
import { codecFigures } from '../../storage/parquet/codec.ts';
import { readFooter } from '../../storage/parquet/footer.ts';
import { readBatches } from '../../storage/parquet/read-batches.ts';
import { counting, fileOf, rowsOf, typesOf } from './columns-kit.ts';

const USUAL_LIMIT = 512 * 1024 * 1024;
afterEach(() => void codecFigures(USUAL_LIMIT));

const Row = z.object({ n: z.int(), x: z.number(), s: z.string(), at: z.iso.datetime() });
const types = typesOf(Row);
const part = (rows: number, first = 0) => ({
  numRows: rows,
  columns: {
    n: Float64Array.from({ length: rows }, (_, i) => first + i),
    x: Float64Array.from({ length: rows }, (_, i) => Math.sin(first + i)),
    s: Array.from({ length: rows }, (_, i) => `text ${(first + i) * 7919}`),
    at: Array.from({ length: rows }, () => '2001-03-01T05:00:00Z'),
  },
});

/** The least of three: work that blocks does so each time, a collection of garbage or a slow machine does not. */
async function longestBlockMs(work: () => Promise<unknown>): Promise<number> {
  const blocks: number[] = [];
  for (let i = 0; i < 3; i++) blocks.push(await longestTurnMs(work));
  return Math.min(...blocks);
}
/** The most processor time that this thread took between two turns of its loop. */
async function longestTurnMs(work: () => Promise<unknown>): Promise<number> {
  let longest = 0;
  let last = process.threadCpuUsage();
  const timer = setInterval(() => {
    const now = process.threadCpuUsage();
    longest = Math.max(longest, (now.user + now.system - last.user - last.system) / 1000);
    last = now;
  }, 2);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  return longest;
}
const flights = join(dirname(createRequire(import.meta.url).resolve('vega-datasets')), '..', 'data', 'flights-3m.parquet');

describe('while Parquet is read and written, the main thread', () => {
  it('never works for more than 50 ms at a time', async () => {
    const bytes = await readFile(flights);
    const Flight = typesOf(z.object({ date: z.iso.datetime(), delay: z.int(), distance: z.int(), origin: z.string(), destination: z.string() }));
    let rows = 0;
    await readFooter(counting(bytes)); // what is loaded at first is no part of it
    const reading = await longestBlockMs(async () => {
      for await (const batch of readBatches(counting(bytes), Flight)) rows += batch.numRows;
    });
    expect(rows).toBe(3 * 3_000_000);
    expect(reading).toBeLessThan(50);
    const parts = Array.from({ length: 20 }, (_, i) => part(16_384, i * 16_384));
    let written = new Uint8Array();
    const writing = await longestBlockMs(async () => {
      written = (await fileOf(types, parts)) as Uint8Array<ArrayBuffer>; // made by Buffer.concat
    });
    expect(written.length).toBeGreaterThan(1_000_000);
    expect(writing).toBeLessThan(50);
  });
});

describe('a decoder', () => {
  it('gives its tables back: the same file ten times over takes no more memory than twice', async () => {
    const file = await fileOf(types, [part(100_000)]);
    for (let i = 0; i < 2; i++) for await (const _ of readBatches(counting(file), types));
    const { heapBytes } = codecFigures();
    for (let i = 0; i < 8; i++) for await (const _ of readBatches(counting(file), types));
    expect(codecFigures().heapBytes).toBe(heapBytes);
  });
  it('that has grown beyond the limit is replaced, and nothing is lost', async () => {
    const file = await fileOf(types, [part(20_000)]);
    const before = codecFigures(1);
    expect(before.heapBytes).toBeGreaterThan(1);
    expect(await rowsOf(counting(file), types)).toHaveLength(20_000);
    expect(codecFigures().started).toBeGreaterThan(before.started);
  });
  it('that a damaged page in the middle breaks says so, and the files beside it are read to their end', async () => {
    const file = await fileOf(types, [part(65_536), part(65_536, 65_536)], { rowsPerGroup: 65_536 });
    const { metadata } = await readFooter(counting(file));
    const second = metadata.row_groups[1]?.columns[1]?.meta_data;
    const at = Number(second?.data_page_offset) + 100;
    const damaged = file.slice().fill(0xff, at, at + 2000);
    const whole = async () => (await rowsOf(counting(file), types)).length;
    const [left, middle, right] = await Promise.allSettled([whole(), rowsOf(counting(damaged, 'damaged.parquet'), types), whole()]);
    expect([left, right]).toEqual([
      { status: 'fulfilled', value: 131_072 },
      { status: 'fulfilled', value: 131_072 },
    ]);
    expect(middle.status === 'rejected' && middle.reason).toMatchObject({ code: 'HDL-BAD-FILE', where: 'damaged.parquet' });
    // the group before it had been given out
    let rows = 0;
    await expect(
      (async () => {
        for await (const batch of readBatches(counting(damaged), types)) rows += batch.numRows;
      })(),
    ).rejects.toMatchObject({ code: 'HDL-BAD-FILE' });
    expect(rows).toBe(65_536);
  });
  it('damaged anywhere, byte by byte: a coded error or the same rows, and never a process that ends or hangs', async () => {
    const small = typesOf(z.object({ n: z.int(), s: z.string() }));
    const rows = Array.from({ length: 500 }, (_, i) => ({ n: i * 7, s: `t${i % 13} ${i}` }));
    const file = await fileOf(small, [{ numRows: 500, columns: { n: rows.map(({ n }) => n), s: rows.map(({ s }) => s) } }]);
    let refused = 0;
    for (let at = 0; at < file.length; at += 37) {
      const damaged = file.slice();
      damaged[at] = (damaged[at] as number) ^ 0x5a;
      try {
        await rowsOf(counting(damaged), small);
      } catch (error) {
        refused++;
        expect(['HDL-BAD-FILE', 'HDL-FILE-SCHEMA', 'HDL-BAD-ROW'], String(error)).toContain((error as { code?: string }).code);
      }
    }
    expect(refused).toBeGreaterThan(5);
    expect(await rowsOf(counting(file), small)).toEqual(rows);
  });
});

describe('an encoder', () => {
  it('that ends in the middle of a file: HDL-CODEC-LOST, and the next file is written', async () => {
    const schema = (await import('../../storage/parquet/column-arrow.ts')).arrowSchema(types);
    const { toRecordBatch } = await import('../../storage/parquet/to-arrow.ts');
    const { parquetBytes } = await import('../../storage/parquet/write-parquet.ts');
    const { endCodecThreads } = await import('../../storage/parquet/codec.ts');
    async function* batches() {
      yield toRecordBatch(types, schema, part(100), 'd');
      endCodecThreads();
      yield toRecordBatch(types, schema, part(100), 'd');
    }
    await expect(
      (async () => {
        for await (const _ of parquetBytes(types, batches(), undefined, 'part-00000.parquet'));
      })(),
    ).rejects.toMatchObject({ code: 'HDL-CODEC-LOST', where: 'part-00000.parquet' });
    expect(await rowsOf(counting(await fileOf(types, [part(100)])), types)).toHaveLength(100);
  });
});
