/**
 * flights.train: trains the delay model on the 28 days before the last week, tests it on that week, and after a gate and an
 * approval makes it the champion and hands its exact version to scoring and prewarming.
 */
import { all, always, approval, eq, gte, map, modelIfAny, notify, pipeline, promoteModel, registerModel, text, waitFor, when, z } from 'heddle';
import { Day, Features, owner } from './data.ts';
import { prewarm } from './prewarm.ts';
import { score } from './score.ts';
import { evaluate, gate } from './train/evaluate.ts';
import { buildDataset, checkDrift, resolve, validateData, whatsNew } from './train/dataset.ts';
import { pickBest, trainOne } from './train/trials.ts';

const Grid = z.array(z.object({ hidden: z.int(), rate: z.number() }));

export const train = pipeline(
  {
    name: 'flights.train',
    owner,
    partitions: Day,
    params: z.object({
      minAuc: z.number().default(0.6),
      grid: Grid.default([
        { hidden: 0, rate: 0.003 },
        { hidden: 8, rate: 0.003 },
      ]),
      seed: z.int().default(1),
      /** A person approves the promotion. */
      ask: z.boolean().default(true),
      /** A name in `caches` of heddle.config.ts, or the folder of an embedded cache on the worker. */
      cache: z.string().default('default'),
      /** python3 is there: scoring adds the report that is written in it. */
      python: z.boolean().default(false),
    }),
    schedule: { cron: '0 3 * * *', timezone: 'UTC', overlap: 'skip', catchup: '2d', jitter: '10m' },
  },
  ({ params, partition }) => {
    always((outcome) => {
      notify({ text: text`flights.train of ${partition.key}: ${outcome.status}` }, { id: 'tell' });
    });
    const plan = resolve({ asOf: partition.start, seed: params.seed });
    const champion = modelIfAny('flights.delay@champion').orElse(null);
    const window = waitFor(Features.before(partition, '35d'), { within: '6h' });
    const news = whatsNew({ features: window, champion });

    const trained = when(
      news.changed,
      () => {
        const valid = validateData({ split: buildDataset({ features: window, interval: plan }) });
        const { data } = checkDrift({ data: valid, champion });
        const trials = map(params.grid, (point) => trainOne({ data, point, seed: plan.seed }), { id: 'trials', parallel: 2 });
        const best = pickBest({ trials });
        const report = evaluate({ model: best.model, against: champion, data });
        const verdict = gate({ report, minAuc: params.minAuc });

        const promoted = when(
          all(verdict.pass, gte(report.auc, params.minAuc)),
          () => {
            const { model } = registerModel({ model: best.model, metrics: report.metrics, slices: report.bySlice }, { id: 'register' });
            const answer = when(
              params.ask,
              () =>
                approval({
                  id: 'approve',
                  ask: text`Promote ${model.name} ${model.version} with AUC ${report.auc}?`,
                  show: { auc: report.auc, low: report.low, high: report.high, champion: report.championAuc, rows: report.rows, worst: verdict.worst },
                  from: ['ml-oncall'],
                  within: '24h',
                  onTimeout: 'reject',
                }),
              { id: 'asked' },
            ).orElse({ approved: true, by: null, note: null, timedOut: false });
            const live = when(
              eq(answer.approved, true),
              () => {
                const swap = promoteModel({ model, alias: 'champion' }, { id: 'promote' });
                const scoring = score.start({ model, cache: params.cache, python: params.python, partition }, { after: swap });
                const warming = prewarm.start({ model, alias: 'champion', cache: params.cache, partition }, { after: swap });
                return { scoring: scoring.runId, warming: warming.runId };
              },
              { id: 'hand-over' },
            );
            return { version: model.version, started: live.orElse(null) };
          },
          { id: 'good-enough' },
        );
        return { auc: report.auc, low: report.low, high: report.high, baseRate: report.baseRate, reasons: verdict.reasons, promoted: promoted.orElse(null) };
      },
      { id: 'news' },
    );
    return { reason: news.reason, trained: trained.orElse(null) };
  },
);
