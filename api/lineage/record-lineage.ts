/**
 * Writes the lineage of a run that has ended into the catalog, and a copy into the store, store://lineage/<run>-<retry>.json,
 * from which a catalog that was rebuilt gets it back (pins are not in the run's file). Server only.
 */
import { writeLineage, type LineageFact } from '../../catalog/lineage.ts';
import { getRun } from '../../catalog/runs.ts';
import { isHeddleError } from '../../dsl/errors/heddle-error.ts';
import type { ServerParts } from '../server-parts.ts';
import { factsOfRecord } from './facts-of-run.ts';

interface LineageFile {
  readonly format: 1;
  readonly facts: readonly LineageFact[];
}

/** Gives the facts; again gives the same. */
export async function recordLineage(parts: ServerParts, runId: string): Promise<readonly LineageFact[]> {
  const run = await getRun(parts.catalog.db, runId);
  if (!run) return [];
  const uri = `store://lineage/${run.runId}-${run.retry}.json`;
  const kept = await readKept(parts, uri);
  const facts = kept ?? (await factsOfRecord(parts, run));
  if (!kept) await parts.store.write(uri, Buffer.from(JSON.stringify({ format: 1, facts } satisfies LineageFile)));
  await parts.catalog.transaction((trx) => writeLineage(trx, run, facts, Date.now()));
  return facts;
}

async function readKept({ store }: ServerParts, uri: string): Promise<readonly LineageFact[] | null> {
  try {
    return (JSON.parse(Buffer.from(await store.read(uri)).toString('utf8')) as LineageFile).facts; // written above
  } catch (error) {
    if ((isHeddleError(error) && error.code === 'HDL-NOT-FOUND') || error instanceof SyntaxError) return null;
    throw error;
  }
}
