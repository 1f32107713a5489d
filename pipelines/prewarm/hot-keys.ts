/** The keys that readers ask for most: what probes read. Used by steps of flights.prewarm. */
import { predictionKey, type RouteRow } from '../../activities/flights/route-table.ts';

/** Routes by demand -> keys of the busiest, at two times of a working day. */
export const hotKeys = (byDemand: readonly RouteRow[]): string[] =>
  byDemand.slice(0, 50).flatMap(({ route }) => [predictionKey(route, 2, 8), predictionKey(route, 4, 17)]);
