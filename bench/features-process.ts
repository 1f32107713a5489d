/**
 * One side of the benchmark `features`: FOLDER DAYS. Lands what the days need into a store in FOLDER where it is not there yet,
 * then computes and stages the features of DAYS days, once to be warm and once by the clock. Prints one JSON line.
 */
import { DelayRates, type CountsBatch } from '../activities/flights/delay-rates.ts';
import { dayFeatures } from '../activities/flights/day-features.ts';
import { gatherFlights, type FlightBatch } from '../activities/flights/flight-columns.ts';
import { flightsFile } from '../activities/flights/flights-file.ts';
import { countRoutes } from '../activities/flights/route-counts.ts';
import { datasetDef } from '../activities/step/dataset-def.ts';
import { Counts, Features, Flights } from '../pipelines/data.ts';
import { pinSlice } from '../storage/datasets/pin-slice.ts';
import { publishPartition } from '../storage/datasets/publish-partition.ts';
import { readSlice } from '../storage/datasets/read-slice.ts';
import { stagePartition } from '../storage/datasets/stage-partition.ts';
import { openStore } from '../storage/store.ts';
import type { SliceHandle } from '../dsl/contract/step.ts';
import type { Dataset } from '../dsl/authoring/dataset.ts';

const [folder, count] = process.argv.slice(2);
if (!folder || !count) throw new Error('FOLDER DAYS');
const DAY_S = 86_400;
/** The first day with 28 days before it. */
const FIRST = Date.parse('2001-01-29T00:00:00Z') / 1000;
const dayOf = (seconds: number): string => new Date(seconds * 1000).toISOString().slice(0, 10);
const starts = Array.from({ length: Number(count) }, (_, i) => FIRST + i * DAY_S);
const before = (start: number, days: number): string[] => Array.from({ length: days }, (_, i) => dayOf(start - (days - i) * DAY_S));

const store = openStore({ root: folder, project: 'bench' });
const [flights, counts, features] = [Flights, Counts, Features].map((one) => datasetDef(one as unknown as Dataset));
if (!flights || !counts || !features) throw new Error('three datasets');
const by = { runId: 'bench', step: 'bench', attempt: 1, planHash: '', task: 'bench', version: '1', codeDigest: null, inputs: [] };

async function stage<C extends { readonly numRows: number }>(dataset: typeof flights & {}, day: string, { numRows, ...columns }: C) {
  async function* once() {
    yield { numRows, columns: columns as never };
  }
  return (await stagePartition(store, dataset, { day }, once(), by)).staged;
}
async function pinned(dataset: typeof flights & {}, days: readonly string[]): Promise<SliceHandle> {
  const slice = await pinSlice(
    store,
    dataset,
    days.map((day) => ({ day })),
  );
  if ('missing' in slice) throw new Error(slice.missing);
  return slice;
}

if ((await store.list(store.resolve(flights.uri))).length === 0) {
  const file = await flightsFile();
  for (const day of [...before(FIRST, 28), ...starts.map(dayOf)]) {
    const landed = await file.readDay(day);
    await publishPartition(store, await stage(flights, day, landed), { replace: true });
    await publishPartition(store, await stage(counts, day, countRoutes(landed, Date.parse(day) / 1000)), { replace: true });
  }
}

/** As flights.build_features does for each day. */
async function pass(): Promise<number> {
  let rows = 0;
  for (const start of starts) {
    const rates = new DelayRates(start);
    for await (const batch of readSlice(store, counts!, await pinned(counts!, before(start, 28)))) rates.add(batch as unknown as CountsBatch); // its columns are those of the dataset
    const slice = await pinned(flights!, [dayOf(start)]);
    const { numRows, columns } = dayFeatures(
      await gatherFlights(readSlice(store, flights!, slice) as unknown as AsyncIterable<FlightBatch>, slice.rows),
      rates,
    ); // its columns are those of the dataset
    const staged = await stage(features!, dayOf(start), { numRows, ...columns });
    await publishPartition(store, staged, { replace: true });
    rows += numRows;
  }
  return rows;
}
await pass();
const started = performance.now();
const rows = await pass();
const seconds = (performance.now() - started) / 1000;
process.stdout.write(`${JSON.stringify({ rows, seconds, peakMiB: Math.round(process.resourceUsage().maxRSS / 1024) })}\n`);
process.exit(0); // threads that encode stay for the next file
