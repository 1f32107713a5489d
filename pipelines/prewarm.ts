/**
 * flights.prewarm: scores every route that flew, for each weekday and hour, under a new version of the prediction cache, reads
 * it all back as a reader would, catches up with what changed meanwhile, and only then points the readers at it; watches them
 * for a while, and points them back if they fare badly. The served version stays as it is until then, whatever happens.
 */
import { map, modelIfAny, pipeline, when, z } from 'heddle';
import { Counts, Day, Delay, owner } from './data.ts';
import { diff, planWrites, rank } from './prewarm/plan.ts';
import { rewind } from './prewarm/rewind.ts';
import { modelToCompare, reclaim, rollback, swap, watch } from './prewarm/serve.ts';
import { enumerate, preflight } from './prewarm/universe.ts';
import { verify } from './prewarm/verify.ts';
import { warmShard } from './prewarm/warm.ts';

/** Shards that are written beside each other. */
const PARALLEL = 4;

export const prewarm = pipeline(
  {
    name: 'flights.prewarm',
    owner,
    partitions: Day,
    params: z.object({
      model: Delay,
      /** With an alias: its predictions are served only if the model still has that alias in the end. */
      alias: z.string().nullable().default(null),
      /** A name in `caches` of heddle.config.ts, or the folder of an embedded cache. */
      cache: z.string().default('default'),
      namespace: z.string().default('flights'),
      /** Least share of the universe that must be readable before the swap, and of hot keys after it. */
      goal: z.number().default(0.99),
      /** Entries a second at most, all shards together. */
      maxRate: z.number().default(200_000),
      /** What the p99 of reads must not exceed while the version is written, and after the swap. */
      p99Ms: z.number().default(500),
      /** How long readers are watched after the swap. */
      watchS: z.number().default(5),
      /** How long the version before stays for a swap back. */
      rollbackS: z.number().default(86_400),
    }),
  },
  ({ params: { model, alias, cache, namespace, goal, maxRate, p99Ms, watchS, rollbackS }, partition }) => {
    const history = Counts.before(partition, '28d');
    const { target } = preflight({ cache, namespace, model, history });
    const universe = enumerate({ history, asOf: partition.start });
    const present = diff({ routes: universe.routes, model, target });
    const ranked = rank({ routes: universe.routes });
    const plan = planWrites({ target, keys: universe.keys, hot: ranked.hot, parallel: PARALLEL, maxRate, p99Ms });
    const written = map(
      ranked.shards,
      (shard) => warmShard({ shard, routes: ranked.ranked, unchanged: present.unchanged, model, target, pace: plan.pace, hot: ranked.hot }),
      { id: 'warmed', parallel: PARALLEL, key: (shard) => shard.id },
    );
    const check = verify({ routes: universe.routes, model, target, written, goal });
    const rewound = rewind({ before: universe.routes, snapshot: universe.snapshot, model, target, partition }, { id: 'rewind', after: check });
    const { reference } = modelToCompare({ model, alias }, { after: rewound });
    const live = swap({ target, model, current: modelIfAny(reference).orElse(null) });
    const seen = watch({ target, hot: ranked.hot, seconds: watchS, hits: goal, p99Ms }, { after: live });
    const kept = when(seen.ok, () => ({ dropped: reclaim({ target, windowS: rollbackS }).versions }), { id: 'keep' }).otherwise(() => {
      rollback({ target, hot: ranked.hot, hits: goal, reason: seen.reason });
      return { dropped: [] };
    });
    return {
      entries: check.entries,
      coverage: check.coverage,
      weighted: check.weighted,
      mismatches: check.mismatches,
      reused: check.reused,
      negative: check.negative,
      before: { coverage: present.coverage, weighted: present.weighted },
      changedMeanwhile: rewound.changed,
      served: { version: live.version, dropped: kept.dropped },
      routes: rewound.routes,
    };
  },
);
