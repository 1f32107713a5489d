/** Steps of flights.score: expected delays by airport, and a report on them that a program in Python writes. */
import { command, task, z } from 'heddle';
import { owner, Scores } from '../data.ts';

const Airport = z.object({ airport: z.string(), flights: z.int(), expectedLate: z.number() });

export const airportsOf = task({
  name: 'flights.airports',
  version: '1',
  owner,
  input: z.object({ scores: Scores.slice }),
  output: z.array(Airport),
  async run({ scores }, ctx) {
    const byAirport = new Map<string, { airport: string; flights: number; expectedLate: number }>();
    for await (const { numRows, columns } of ctx.read(Scores, scores)) {
      for (let i = 0; i < numRows; i++) {
        const airport = columns.origin[i]!;
        const sum = byAirport.get(airport) ?? { airport, flights: 0, expectedLate: 0 };
        byAirport.set(airport, sum);
        sum.flights++;
        sum.expectedLate += columns.score[i]!;
      }
    }
    return [...byAirport.values()].sort((a, b) => b.flights - a.flights || (a.airport < b.airport ? -1 : 1));
  },
});

/** Standard library only. The path is relative to heddle.config.ts. */
export const airportReport = command({
  name: 'flights.airport_report',
  version: '1',
  owner,
  argv: ['python3', 'pipelines/score/airport_report.py'],
  input: z.object({ day: z.string(), airports: z.array(Airport) }),
  output: z.object({ worst: z.array(z.string()), lines: z.array(z.string()) }),
  timeout: '5m',
});
