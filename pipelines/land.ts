/** flights.land: stands in for the upstream job. Lands days of the public flights file, one partition a day. */
import { map, pipeline, task, z } from 'heddle';
import { flightsFile } from '../activities/flights/flights-file.ts';
import { countRoutes } from '../activities/flights/route-counts.ts';
import { Counts, DayKey, Flights, owner } from './data.ts';

export const landDay = task({
  name: 'flights.land_day',
  version: '1',
  owner,
  output: z.object({ flights: Flights.slice, counts: Counts.slice }),
  timeout: '5m',
  async run(_, ctx) {
    const { day } = ctx.into;
    const flights = await (await flightsFile()).readDay(day);
    if (flights.numRows === 0) throw new Error(`the flights file has no flights on ${day}: it holds 2001-01-01 to 2001-07-01`);
    ctx.source('npm:vega-datasets/data/flights-3m.parquet');
    const counts = countRoutes(flights, Date.parse(`${day}T00:00:00Z`) / 1000);
    ctx.log.info(`${flights.numRows} flights on ${counts.numRows} routes`);
    return { flights: await ctx.write(Flights, whole(flights)), counts: await ctx.write(Counts, whole(counts)) };
  },
});

export const land = pipeline({ name: 'flights.land', owner, params: z.object({ days: z.array(DayKey) }) }, ({ params }) => {
  const landed = map(params.days, (day) => landDay({ into: { day } }), { parallel: 4, key: (day) => day });
  return { days: landed.length };
});

/** All of a table as one batch. */
async function* whole<C extends { readonly numRows: number }>({ numRows, ...columns }: C): AsyncGenerator<{ numRows: number; columns: Omit<C, 'numRows'> }> {
  yield { numRows, columns };
}
