/** A day of the public flights file as rows of flights.features, with a network of seeded weights and the profile of that day. */
import { dayFeatures } from '../../activities/flights/day-features.ts';
import { DelayRates } from '../../activities/flights/delay-rates.ts';
import { FEATURES } from '../../activities/flights/feature-vector.ts';
import { flightsFile } from '../../activities/flights/flights-file.ts';
import { countRoutes } from '../../activities/flights/route-counts.ts';
import type { ModelSchema } from '../../activities/scoring/model-schema.ts';
import type { Network } from '../../activities/training/network.ts';
import { seededRandom } from '../../activities/training/seeded-order.ts';

const DAY_S = 86_400;
type Features = ReturnType<typeof dayFeatures>;

/** Rates are of the week before. */
export async function realDay(day: string): Promise<Features> {
  const file = await flightsFile();
  const start = Date.parse(`${day}T00:00:00Z`) / 1000;
  const rates = new DelayRates(start);
  for (let back = 7; back > 0; back--) {
    const before = start - back * DAY_S;
    const { numRows, ...columns } = countRoutes(await file.readDay(new Date(before * 1000).toISOString().slice(0, 10)), before);
    rates.add({ numRows, columns });
  }
  return dayFeatures(await file.readDay(day), rates);
}

export function networkFor({ numRows, columns }: Features): { readonly network: Network; readonly schema: ModelSchema } {
  const random = seededRandom(1);
  const profile = Object.fromEntries(
    FEATURES.map((name) => {
      const values = columns[name];
      const mean = values.reduce((sum, value) => sum + value, 0) / numRows;
      const std = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / numRows);
      return [name, { min: Math.min(...values), max: Math.max(...values), mean, std }] as const;
    }),
  );
  const inputs = FEATURES.length;
  const network: Network = {
    inputs,
    hidden: 16,
    weights: Float64Array.from({ length: inputs * 16 + 2 * 16 + 1 }, () => random() - 0.5),
    mean: Float64Array.from(FEATURES, (name) => profile[name]?.mean ?? 0),
    std: Float64Array.from(FEATURES, (name) => profile[name]?.std || 1),
  };
  return { network, schema: { features: FEATURES, profile } };
}
