/**
 * flights.score: scores a day's flights with one exact model version, publishes the predictions and loads them into a table
 * for look-ups. flights.score_daily does so with the champion.
 */
import { map, model, notify, pipeline, text, waitFor, when, z } from 'heddle';
import { Day, Delay, Features, owner, Scores } from './data.ts';
import { checkScores, planShards, scoreShard } from './score/shards.ts';
import { OnShift, resolveModel, validateInput } from './score/validate.ts';
import { loadTable, publishScores } from './score/publish.ts';
import { airportReport, airportsOf } from './score/report.ts';

export const score = pipeline(
  {
    name: 'flights.score',
    owner,
    partitions: Day,
    params: z.object({
      model: Delay,
      /** Share of rows that may be out of the model's range. */
      tolerate: z.number().default(0.01),
      /** When a column has shifted by 3 sigma against training, or the scores have moved away from those of the last run. */
      onShift: OnShift.default('warn'),
      cache: z.string().default('default'),
      python: z.boolean().default(false),
    }),
  },
  ({ params, partition }) => {
    const { tolerate, onShift } = params;
    const { model } = resolveModel({ model: params.model });
    const features = waitFor(Features.at(partition), { within: '6h' });
    const input = validateInput({ model, features, tolerate, onShift, into: partition });
    const shards = planShards({ features }, { after: input });
    const parts = map(shards, (shard) => scoreShard({ shard, features, model }), { id: 'scored', parallel: 4, key: (shard) => shard.id });
    const counts = { rows: features.rows, kept: input.rows, quarantined: input.rejects.rows };
    const checked = checkScores({ parts, ...counts, model, last: Scores.beforeIfAny(partition, '7d'), onShift });
    const scores = publishScores({ parts: checked.parts, features, model, into: partition });
    const table = loadTable({ scores, model, cache: params.cache });
    const airports = airportsOf({ scores });
    const report = when(params.python, () => airportReport({ day: partition.key, airports }), { id: 'in-python' });
    notify({ text: text`scored ${scores.rows} flights of ${partition.key} with ${model.name} ${model.version}` }, { id: 'tell' });
    return {
      rows: scores.rows,
      quarantined: input.rejects.rows,
      failed: checked.failed,
      keys: table.keys,
      mean: checked.mean,
      shiftedColumns: input.alerts,
      scoreShift: checked.alerts,
      report: report.orElse(null),
    };
  },
);

/** The daily run: the champion, pinned once. */
export const scoreDaily = pipeline({ name: 'flights.score_daily', owner, partitions: Day, schedule: { cron: '0 5 * * *', timezone: 'UTC' } }, ({ partition }) =>
  score({ model: model('flights.delay@champion'), partition }),
);
