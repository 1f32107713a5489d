/** The flights datasets and the model: what the pipelines of this folder hand to each other. */
import { daily, dataset, modelOf, z, type Time } from 'heddle';

export const Day = daily({ start: '2001-01-01' });
/** A day in a list of days. The brand is a type only: a checked ISO date is a day's key. */
export const DayKey = z.iso.date() as unknown as z.ZodType<Time<'day'>, Time<'day'>>;

const at = z.int().describe('departure, seconds since the epoch; local clock time read as UTC');

export const FlightRow = z.object({ at, delay: z.int().describe('minutes'), distance: z.int().describe('miles'), origin: z.string(), destination: z.string() });
export const Flights = dataset('flights.raw', { uri: 'store://flights/raw', partitions: Day, schema: FlightRow });

/** A day's flights by route: small tables that rolling rates are sums of. */
export const CountRow = z.object({
  day: z.int().describe('seconds since the epoch'),
  origin: z.string(),
  destination: z.string(),
  flights: z.int(),
  late: z.int(),
  distance: z.int(),
});
export const Counts = dataset('flights.counts', { uri: 'store://flights/counts', partitions: Day, schema: CountRow });

const rate = z.number().describe('smoothed share of late flights before the day');
export const FeatureRow = z.object({
  flight: z.int().describe('number within the day'),
  at,
  origin: z.string(),
  destination: z.string(),
  late: z.int().describe('the label: 1 when more than 15 minutes late'),
  hourSin: z.number(),
  hourCos: z.number(),
  weekdaySin: z.number(),
  weekdayCos: z.number(),
  logDistance: z.number(),
  origin7: rate,
  origin28: rate,
  destination7: rate,
  destination28: rate,
  route7: rate,
  route28: rate,
});
export const Features = dataset('flights.features', {
  uri: 'store://flights/features',
  partitions: Day,
  schema: FeatureRow,
  // the last day of the file has 6 flights: nobody trains or scores on it unawares
  expect: {
    rows: { min: 1, band: 0.5, against: 7 },
    unique: ['flight'],
    range: { late: [0, 1], origin7: [0, 1], origin28: [0, 1], destination7: [0, 1], destination28: [0, 1], route7: [0, 1], route28: [0, 1] },
  },
});

export const ScoreRow = z.object({ flight: z.int(), at, origin: z.string(), destination: z.string(), score: z.number(), model: z.string() });
export const Scores = dataset('flights.scores', { uri: 'store://flights/scores', partitions: Day, schema: ScoreRow });
/** Rows that the model must not score, with the feature that is bad, and why: 'null', 'not a number', 'above the range'... */
export const RejectRow = z.object({ flight: z.int(), at, feature: z.string(), reason: z.string(), value: z.number() });
export const Rejects = dataset('flights.quarantine', { uri: 'store://flights/quarantine', partitions: Day, schema: RejectRow });

export const Delay = modelOf('flights.delay');
/** A file that one step wrote and another reads. */
export const File = z.object({ uri: z.string(), digest: z.string(), bytes: z.int() });
export const owner = 'ml-platform@example.org';
