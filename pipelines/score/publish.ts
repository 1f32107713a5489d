/** Steps of flights.score: predictions as a published partition, and as a table for look-ups. */
import { task, z } from 'heddle';
import { breathing } from '../../activities/flights/breathe.ts';
import { openNamedCache } from '../../activities/cache/configured-caches.ts';
import { expiries } from '../../activities/cache/expiry.ts';
import { serveVersion } from '../../activities/cache/serve-version.ts';
import { writePredictions } from '../../activities/cache/write-predictions.ts';
import { checkShards } from '../../activities/scoring/check-rows.ts';
import { readScores } from '../../activities/scoring/index.ts';
import { Delay, Features, owner, Scores } from '../data.ts';
import { Part } from './shards.ts';

export const publishScores = task({
  name: 'flights.publish_scores',
  version: '2',
  owner,
  input: z.object({ parts: z.array(Part), features: Features.slice, model: Delay }),
  output: Scores.slice,
  async run({ parts, features }, ctx) {
    const files = await ctx.files(Features, features);
    checkShards(
      files.reduce((sum, { rows }) => sum + rows, 0),
      parts,
    );
    async function* batches() {
      for (const part of parts) yield* readScores(ctx, Scores, part.file);
    }
    return ctx.write(Scores, batches());
  },
});

/** How long a prediction of a flight is worth keeping. */
const LIFETIME_S = 14 * 86_400;

export const loadTable = task({
  name: 'flights.load_table',
  version: '1',
  owner,
  input: z.object({ scores: Scores.slice, model: Delay, cache: z.string() }),
  output: z.object({ keys: z.int(), version: z.string() }),
  async run({ scores, model, cache }, ctx) {
    const entries: { key: string; score: number }[] = [];
    for await (const { numRows, columns } of ctx.read(Scores, scores)) {
      for (let i = 0; i < numRows; i++)
        entries.push({ key: `${columns.origin[i]}-${columns.destination[i]}/${columns.at[i]}/${columns.flight[i]}`, score: columns.score[i]! });
    }
    entries.sort((a, b) => (a.key < b.key ? -1 : 1));
    // the digest of what is loaded is in the name: another load of the same scores writes the same version
    const version = `${ctx.partition}.m${model.version}.${scores.digest.replace(/^sha256:/, '').slice(0, 8)}`;
    const store = await openNamedCache(cache, 'flights-scores', (name) => ctx.secret(name));
    try {
      await store.create(version);
      const keys = entries.map(({ key }) => key);
      const asOf = Math.floor(Date.now() / 1000);
      const loaded = {
        keys,
        scores: Float32Array.from(entries, ({ score }) => score),
        expiresAt: expiries(keys, asOf, LIFETIME_S),
        inputs: new Float64Array(keys.length),
        stamp: asOf * 1000,
      };
      await writePredictions(store, version, loaded, { breathe: breathing(ctx.signal) });
      await serveVersion(store, version, ctx.idempotencyKey);
      return { keys: keys.length, version };
    } finally {
      await store.close();
    }
  },
});
