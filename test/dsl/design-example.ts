/** The pipeline of the design page, as printed there, with the tasks that it leaves out. For tests of types and plans. */
import { always, approval, daily, dataset, eq, gte, map, modelIfAny, modelOf, pipeline, task, text, waitFor, when, z } from 'heddle';

const FlightRow = z.object({ date: z.string(), delay: z.int(), distance: z.int(), origin: z.string(), destination: z.string() });
const FeatureRow = FlightRow.extend({ hourSin: z.number(), hourCos: z.number() });

const Day = daily({ start: '2001-01-01' });
const Flights = dataset('flights.raw', { uri: 'hdfs://ml/flights/raw', partitions: Day, schema: FlightRow });
const Features = dataset('flights.features', { uri: 'hdfs://ml/flights/features', partitions: Day, schema: FeatureRow });
const Delay = modelOf('flights.delay');

const Split = z.object({ uri: z.string(), rows: z.int() });
const Trial = z.object({ model: Delay, auc: z.number() });
const buildDataset = task({
  name: 'flights.build_dataset',
  version: '1',
  input: z.object({ features: Features.slice, asOf: z.iso.datetime() }),
  output: Split,
});
const train = task({
  name: 'flights.train_one',
  version: '2',
  input: z.object({ data: Split, rate: z.number(), seed: z.int().default(1) }),
  output: Trial,
  resources: { pool: 'gpu' },
});
const pickBest = task({ name: 'flights.pick_best', version: '1', input: z.object({ trials: z.array(Trial) }), output: Trial });
const evaluate = task({
  name: 'flights.evaluate',
  version: '1',
  input: z.object({ model: Delay, against: Delay.nullable(), data: Split }),
  output: z.object({ auc: z.number() }),
});
const register = task({ name: 'flights.register', version: '1', input: z.object({ model: Delay }), output: z.object({ model: Delay }) });
const promote = task({
  name: 'flights.promote',
  version: '1',
  input: z.object({ model: Delay, alias: z.enum(['champion', 'challenger']) }),
  output: z.object({ previous: Delay.nullable() }),
});
const cleanUp = task({ name: 'flights.clean_up', version: '1', input: z.object({ asOf: z.string(), status: z.string() }) });
export const score = pipeline({ name: 'flights.score', partitions: Day, params: z.object({ model: Delay }) }, ({ params }) => ({
  version: params.model.version,
}));

export const buildFeatures = task({
  name: 'flights.build_features',
  version: '3',
  owner: 'ml-platform@example.org',
  input: z.object({ flights: Flights.slice, history: Flights.slice, asOf: z.iso.datetime() }),
  output: Features.slice, // publishes a partition: staged, checked, renamed, recorded
  resources: { pool: 'hadoop', class: 'small' },
  retry: { attempts: 5, backoff: '10s' },
  timeout: '30m',
  async run({ flights, history, asOf }, ctx) {
    for await (const batch of ctx.read(Flights, history)) ctx.progress(batch.numRows, history.rows, asOf);
    async function* rows() {
      for await (const batch of ctx.read(Flights, flights)) yield [...batch.rows()].map((row) => ({ ...row, hourSin: 0, hourCos: 1 }));
    }
    return ctx.write(Features, rows());
  },
});

export const features = pipeline({ name: 'flights.features', partitions: Day, schedule: { cron: '0 2 * * *', timezone: 'UTC' } }, ({ partition }) => {
  const flights = waitFor(Flights.at(partition), { within: '6h' });
  return buildFeatures({ flights, history: Flights.before(partition, '28d'), asOf: partition.start, into: partition });
});

export const trainDelay = pipeline(
  {
    name: 'flights.train',
    owner: 'ml-platform@example.org',
    partitions: Day,
    params: z.object({ minAuc: z.number().default(0.6), rates: z.array(z.number()).default([0.01, 0.1]) }),
    schedule: { cron: '0 3 * * *', timezone: 'UTC', catchup: '2d', jitter: '10m' },
  },
  ({ params, partition }) => {
    always((outcome) => {
      cleanUp({ asOf: partition.key, status: outcome.status });
    });
    const champion = modelIfAny('flights.delay@champion').orElse(null);
    const data = buildDataset({ features: waitFor(Features.before(partition, '28d'), { within: '6h' }), asOf: partition.start });
    const trials = map(params.rates, (rate) => train({ data, rate }), { parallel: 2 }); // dynamic fan-out
    const best = pickBest({ trials });
    const report = evaluate({ model: best.model, against: champion, data });
    const promoted = when(gte(report.auc, params.minAuc), () => {
      const { model } = register({ model: best.model });
      const answer = approval({
        ask: text`Promote ${model.version} with AUC ${report.auc}?`,
        show: { auc: report.auc },
        from: ['ml-oncall'],
        within: '24h',
        onTimeout: 'reject',
      });
      when(eq(answer.approved, true), () => {
        const swap = promote({ model, alias: 'champion' });
        score.start({ model, partition: partition.next }, { after: swap }); // hand over the exact version
      });
      return model;
    });
    return { auc: report.auc, promoted: promoted.orElse(null) };
  },
);
