/**
 * flights.prewarm: scores every route that flew, for each weekday and hour, under a new version of the prediction cache,
 * reads it all back as a reader would, and only then points the readers at it.
 */
import { all, eq, gte, map, pipeline, when, z } from 'heddle';
import { Counts, Day, Delay, owner } from './data.ts';
import { enumerate, preflight } from './prewarm/universe.ts';
import { warmShard } from './prewarm/warm.ts';
import { reclaim, swap, verify } from './prewarm/serve.ts';

export const prewarm = pipeline(
  {
    name: 'flights.prewarm',
    owner,
    partitions: Day,
    params: z.object({
      model: Delay,
      cache: z.string().default('.heddle/cache'),
      namespace: z.string().default('flights'),
      /** Least share of the universe that must be readable before the swap. */
      goal: z.number().default(0.99),
    }),
  },
  ({ params: { model, cache, namespace, goal }, partition }) => {
    const ready = preflight({ cache, namespace, model });
    const universe = enumerate({ history: Counts.before(partition, '28d'), asOf: partition.start }, { after: ready });
    const written = map(universe.shards, (shard) => warmShard({ shard, routes: universe.routes, model, target: ready.target }), {
      id: 'warmed',
      parallel: 4,
      key: (shard) => shard.id,
    });
    const check = verify({ routes: universe.routes, model, target: ready.target, written });
    const served = when(
      all(gte(check.coverage, goal), eq(check.mismatches, 0)),
      () => {
        const live = swap({ target: ready.target, from: ready.serving });
        const dropped = reclaim({ target: ready.target }, { after: live });
        return { version: live.version, dropped: dropped.versions };
      },
      { id: 'good-enough' },
    );
    return { entries: check.entries, coverage: check.coverage, weighted: check.weighted, mismatches: check.mismatches, served: served.orElse(null) };
  },
);
