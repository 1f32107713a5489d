/**
 * flights.score: scores a day's flights with one exact model version, publishes the predictions and loads them into a table
 * for look-ups. flights.score_daily does so with the champion.
 */
import { map, model, notify, pipeline, text, waitFor, when, z } from 'heddle';
import { Day, Delay, Features, owner } from './data.ts';
import { checkScores, planShardsOf, scoreShard, validateInput } from './score/shards.ts';
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
      cache: z.string().default('default'),
      python: z.boolean().default(false),
    }),
  },
  ({ params, partition }) => {
    const features = waitFor(Features.at(partition), { within: '6h' });
    const input = validateInput({ model: params.model, features, tolerate: params.tolerate, into: partition });
    const shards = planShardsOf({ rows: input.rows });
    const parts = map(shards, (shard) => scoreShard({ shard, kept: input.kept, model: params.model }), { id: 'scored', parallel: 4, key: (shard) => shard.id });
    const checked = checkScores({ parts, rows: features.rows, kept: input.rows, quarantined: input.rejects.rows, model: params.model });
    const scores = publishScores({ parts: checked.parts, kept: input.kept, features, model: params.model, into: partition });
    const table = loadTable({ scores, model: params.model, cache: params.cache });
    const airports = airportsOf({ scores });
    const report = when(params.python, () => airportReport({ day: partition.key, airports }), { id: 'in-python' });
    notify({ text: text`scored ${scores.rows} flights of ${partition.key} with ${params.model.name} ${params.model.version}` }, { id: 'tell' });
    return { rows: scores.rows, quarantined: input.rejects.rows, keys: table.keys, mean: checked.mean, report: report.orElse(null) };
  },
);

/** The daily run: the champion, pinned once. */
export const scoreDaily = pipeline({ name: 'flights.score_daily', owner, partitions: Day, schedule: { cron: '0 5 * * *', timezone: 'UTC' } }, ({ partition }) =>
  score({ model: model('flights.delay@champion'), partition }),
);
