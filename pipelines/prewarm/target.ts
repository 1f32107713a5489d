/** What the steps of flights.prewarm hand to each other, and how they open the cache. */
import { z, type TaskContext } from 'heddle';
import type { CacheStore } from '../../activities/cache/cache-store.ts';
import { openNamedCache } from '../../activities/cache/configured-caches.ts';

/** Where a run writes: a version of its own. */
export const Target = z.object({
  /** A name in `caches` of heddle.config.ts, or the folder of an embedded cache. */
  cache: z.string(),
  namespace: z.string(),
  version: z.string(),
  /** What was served when the run began. */
  from: z.string().nullable(),
  /** Seconds since the epoch: what lifetimes count from. */
  asOf: z.int(),
  /** SHA-256 of model.onnx as the run found it. */
  model: z.string(),
});
export const RouteShard = z.object({ id: z.string(), first: z.int(), count: z.int() });
/** How fast a shard may be written, and what readers must not be slowed down to. */
export const Pace = z.object({ rate: z.number(), limitMs: z.number() });

/** 'ATL-ORD/0/07' */
export const KEY_BYTES = 12;

type Place = Pick<z.infer<typeof Target>, 'cache' | 'namespace'>;

/** In the lineage: 'default/flights'. */
export const cacheName = ({ cache, namespace }: Place): string => `${cache}/${namespace}`;

/** Closes it when `work` is done. */
export async function withCache<T>({ cache, namespace }: Place, ctx: Pick<TaskContext, 'secret'>, work: (store: CacheStore) => Promise<T>): Promise<T> {
  const store = await openNamedCache(cache, namespace, (name) => ctx.secret(name));
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}
