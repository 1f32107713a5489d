/** `--key`: one run for one (project, pipeline, key), for good. Server only. */
import { HeddleError } from '../dsl/errors/heddle-error.ts';
import type { CatalogDb } from './catalog.ts';

export interface KeyClaim {
  readonly project: string;
  readonly pipeline: string;
  readonly key: string;
  /** Digest of what was asked for. */
  readonly digest: string;
  readonly runId: string;
  readonly at: number;
}

/**
 * Takes a key for a new run, in the caller's transaction. Gives the run that holds it: the caller's own, or the earlier one.
 * Throws HDL-KEY-REUSED when that one was asked for with another body.
 */
export async function claimKey(db: CatalogDb, claim: KeyClaim): Promise<string> {
  await db
    .insertInto('keys')
    .values({ project: claim.project, pipeline: claim.pipeline, key: claim.key, digest: claim.digest, run_id: claim.runId, created_at: claim.at })
    .onConflict((on) => on.columns(['project', 'pipeline', 'key']).doNothing())
    .execute();
  const row = await db
    .selectFrom('keys')
    .select(['digest', 'run_id'])
    .where('project', '=', claim.project)
    .where('pipeline', '=', claim.pipeline)
    .where('key', '=', claim.key)
    .executeTakeFirstOrThrow();
  if (row.digest !== claim.digest) {
    throw new HeddleError('HDL-KEY-REUSED', {
      what: `The key "${claim.key}" was used before for ${claim.pipeline} with other parameters, another partition or another plan: run ${row.run_id}.`,
      where: `pipeline ${claim.pipeline}`,
      why: 'A key names one run for good.',
    });
  }
  return row.run_id;
}
