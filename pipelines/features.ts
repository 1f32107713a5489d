/**
 * flights.features: a day's features per flight, with delay rates that use only the days before it. Daily, or for a list of
 * days (flights.features_range).
 */
import { map, pipeline, task, text, waitFor, z } from 'heddle';
import { dayFeatures } from '../activities/flights/day-features.ts';
import { DelayRates } from '../activities/flights/delay-rates.ts';
import { gatherFlights } from '../activities/flights/flight-columns.ts';
import { Counts, Day, DayKey, Features, Flights, owner } from './data.ts';

export const buildFeatures = task({
  name: 'flights.build_features',
  version: '1',
  owner,
  input: z.object({ flights: Flights.slice, history: Counts.slice, asOf: z.iso.datetime() }),
  output: Features.slice,
  retry: { attempts: 5, backoff: '10s' },
  timeout: '30m',
  async run({ flights, history, asOf }, ctx) {
    const rates = new DelayRates(Date.parse(asOf) / 1000);
    for await (const batch of ctx.read(Counts, history)) rates.add(batch);
    const { numRows, columns } = dayFeatures(await gatherFlights(ctx.read(Flights, flights), flights.rows), rates);
    ctx.log.info(`${numRows} rows as of ${asOf}, from ${history.rows} counts of ${rates.flightsByDay.size} days`);
    async function* batches() {
      yield { numRows, columns };
    }
    return ctx.write(Features, batches());
  },
});

export const features = pipeline({ name: 'flights.features', owner, partitions: Day, schedule: { cron: '0 2 * * *', timezone: 'UTC' } }, ({ partition }) => {
  const flights = waitFor(Flights.at(partition), { within: '6h' });
  return buildFeatures({ flights, history: Counts.before(partition, '28d'), asOf: partition.start, into: partition });
});

/** The same for many days: each is computed and published by itself. */
export const featuresRange = pipeline({ name: 'flights.features_range', owner, params: z.object({ days: z.array(DayKey) }) }, ({ params }) => {
  const built = map(
    params.days,
    (day) => buildFeatures({ flights: Flights.at({ day }), history: Counts.before({ day }, '28d'), asOf: text`${day}T00:00:00Z`, into: { day } }),
    { parallel: 4, key: (day) => day },
  );
  return { days: built.length };
});
