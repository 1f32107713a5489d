/** The features and the model on the real flights: an honest AUC, and chance where the labels are shuffled. About 10 s. */
import { beforeAll, describe, expect, it } from 'vitest';
import { dayFeatures, type DayFeatures } from '../../activities/flights/day-features.ts';
import { DelayRates } from '../../activities/flights/delay-rates.ts';
import { gatherFeatures } from '../../activities/flights/feature-table.ts';
import { openFlightsFile } from '../../activities/flights/flights-file.ts';
import { countRoutes, type RouteCounts } from '../../activities/flights/route-counts.ts';
import { auc } from '../../activities/training/auc.ts';
import { predict } from '../../activities/training/network.ts';
import { epochOrder } from '../../activities/training/seeded-order.ts';
import { trainNetwork } from '../../activities/training/train-network.ts';
import { rowsBetween, type TrainingSet } from '../../activities/training/training-set.ts';
import { DAY_S, dayName, dayStart } from './synthetic-flights.ts';

const TEST = dayStart('2001-03-01');
const OPTIONS = { rate: 0.003, hidden: 0, seed: 1, epochs: 4, batch: 512, patience: 2 };
let set: TrainingSet;

beforeAll(async () => {
  const file = await openFlightsFile();
  const counts = new Map<number, RouteCounts>();
  const days: DayFeatures[] = [];
  for (let day = TEST - 56 * DAY_S; day < TEST + 7 * DAY_S; day += DAY_S) {
    const flights = await file.readDay(dayName(day));
    if (day >= TEST - 28 * DAY_S) {
      const rates = new DelayRates(day);
      for (let back = 1; back <= 28; back++) {
        const table = counts.get(day - back * DAY_S);
        if (table) rates.add({ numRows: table.numRows, columns: table });
      }
      days.push(dayFeatures(flights, rates));
    }
    counts.set(day, countRoutes(flights, day));
  }
  async function* batches() {
    yield* days;
  }
  set = await gatherFeatures(
    batches(),
    days.reduce((rows, day) => rows + day.numRows, 0),
  );
});

/** AUC on the seven days after the 28 training days. */
async function testAuc(all: TrainingSet): Promise<number> {
  const parts = [
    rowsBetween(all, TEST - 28 * DAY_S, TEST - 4 * DAY_S),
    rowsBetween(all, TEST - 4 * DAY_S, TEST),
    rowsBetween(all, TEST, TEST + 7 * DAY_S),
  ] as const;
  const { network } = await trainNetwork(parts[0], parts[1], OPTIONS);
  return auc(predict(network, parts[2].x, parts[2].rows), parts[2].y);
}

describe('the delay model on real flights', () => {
  it('reaches what an honest model reaches, and no more', async () => {
    const found = await testAuc(set);
    expect(found).toBeGreaterThan(0.62);
    expect(found).toBeLessThan(0.67);
  });
  it('finds nothing when the labels are shuffled', async () => {
    const order = epochOrder(set.rows, 11, 1);
    const found = await testAuc({ ...set, y: set.y.map((_, i) => set.y[order[i]!]!) });
    expect(Math.abs(found - 0.5)).toBeLessThan(0.02);
  });
  it('has 16,000 flights a day and one in five late', () => {
    expect(set.rows / 35).toBeGreaterThan(14_000);
    expect(set.y.reduce((sum, late) => sum + late, 0) / set.rows).toBeCloseTo(0.23, 1);
  });
});

describe('the flights file', () => {
  it('gives a day that lies in two row groups whole, and nothing for a day beyond it', async () => {
    const file = await openFlightsFile();
    expect(file.rows).toBe(3_000_000);
    expect((await file.readDay('2001-01-17')).numRows).toBe(16_986);
    expect((await file.readDay('2002-01-01')).numRows).toBe(0);
    expect((await file.readDay('2001-07-01')).numRows).toBe(6);
  });
});
