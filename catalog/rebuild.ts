/**
 * Restores the catalog from the store: runs and their steps from runs/*.json, model versions and aliases from the journal
 * under models/. What is in the catalog already stays. Server only.
 */
import type { StepRecord } from '../dsl/contract/run.ts';
import type { Store } from '../storage/store.ts';
import type { Catalog } from './catalog.ts';
import { toColumn } from './json-column.ts';
import { newId } from './ids.ts';
import type { AliasChange, ModelVersion } from './models.ts';
import { addRun, endRun, type RunRow } from './runs.ts';
import { countSteps, writePage } from './steps.ts';

/** runs/<runId>.json */
export interface RunFile {
  readonly format: 1;
  readonly run: RunRow;
  readonly steps: readonly StepRecord[];
}
/** runs/<backfill>.<page>.<part>.json: runs of many cells in one file. */
export interface RunsFile {
  readonly format: 1;
  readonly runs: readonly Pick<RunFile, 'run' | 'steps'>[];
}
/** models/journal/<id>.json: one file a change, so that two writers never append to one file. */
export type JournalEntry =
  | { readonly format: 1; readonly kind: 'version'; readonly project: string; readonly version: ModelVersion }
  | { readonly format: 1; readonly kind: 'alias'; readonly project: string; readonly change: AliasChange };

export const journalUri = (entry: JournalEntry): string =>
  entry.kind === 'version'
    ? `store://models/journal/${entry.version.createdAt}-version-${fileSafe(entry.version.name)}-${entry.version.version}.json`
    : `store://models/journal/${entry.change.at}-alias-${fileSafe(entry.change.name)}-${fileSafe(entry.change.alias)}-${entry.change.to}.json`;

const fileSafe = (text: string): string => text.replaceAll(/[^\w.-]/g, '_');

/** Gives how many runs and models were read. A file that cannot be read is skipped and counted as bad. */
export async function rebuildCatalog(parts: { readonly store: Store; readonly catalog: Catalog }): Promise<{ runs: number; models: number; bad: number }> {
  let bad = 0;
  const read = async <T>(folder: string): Promise<T[]> => {
    const found: T[] = [];
    for (const entry of await parts.store.list(folder)) {
      if (!entry.uri.endsWith('.json')) continue;
      try {
        found.push(JSON.parse(Buffer.from(await parts.store.read(entry.uri)).toString('utf8')) as T); // written by this version's format 1
      } catch {
        bad++;
      }
    }
    return found;
  };
  const runs = (await read<RunFile | RunsFile>('store://runs')).flatMap((file): Pick<RunFile, 'run' | 'steps'>[] => ('runs' in file ? [...file.runs] : [file]));
  for (const file of runs) await restoreRun(parts.catalog, file);
  const journal = await read<JournalEntry>('store://models/journal');
  const models = new Set<string>();
  for (const entry of journal.sort((a, b) => timeOf(a) - timeOf(b))) {
    models.add(entry.kind === 'version' ? entry.version.name : entry.change.name);
    await restoreModel(parts.catalog, entry);
  }
  return { runs: runs.length, models: models.size, bad };
}

const timeOf = (entry: JournalEntry): number => (entry.kind === 'version' ? entry.version.createdAt : entry.change.at);

async function restoreRun(catalog: Catalog, { run, steps }: Pick<RunFile, 'run' | 'steps'>): Promise<void> {
  await catalog.transaction(async (trx) => {
    if (!(await addRun(trx, run))) return;
    await trx.updateTable('runs').set({ retry: run.retry, started_at: run.startedAt }).where('run_id', '=', run.runId).execute();
    await writePage(trx, { runId: run.runId, retry: run.retry, page: 'rebuilt', steps, at: Date.now() });
    if (run.status !== 'done' && run.status !== 'failed' && run.status !== 'cancelled') return;
    await endRun(
      trx,
      run.runId,
      { status: run.status, endedAt: run.endedAt ?? run.createdAt, output: run.output, failures: run.failures, abandoned: run.abandoned },
      await countSteps(trx, run.runId),
    );
  });
}

async function restoreModel(catalog: Catalog, entry: JournalEntry): Promise<void> {
  await catalog.transaction(async (trx) => {
    const name = entry.kind === 'version' ? entry.version.name : entry.change.name;
    await trx
      .insertInto('models')
      .values({ project: entry.project, name, created_at: timeOf(entry) })
      .onConflict((on) => on.columns(['project', 'name']).doNothing())
      .execute();
    if (entry.kind === 'version') {
      const { version } = entry;
      await trx
        .insertInto('model_versions')
        .values({
          project: entry.project,
          name,
          version: Number(version.version),
          uri: version.uri,
          digest: version.digest,
          details: toColumn(version.details),
          run_id: version.runId,
          step: version.step,
          created_at: version.createdAt,
        })
        .onConflict((on) => on.columns(['project', 'name', 'version']).doNothing())
        .execute();
      return;
    }
    const { change } = entry;
    const known = await trx
      .selectFrom('alias_history')
      .select('id')
      .where('project', '=', entry.project)
      .where('name', '=', name)
      .where('alias', '=', change.alias)
      .where('at', '=', change.at)
      .where('to_version', '=', Number(change.to))
      .executeTakeFirst();
    if (known) return;
    await trx
      .insertInto('alias_history')
      .values({
        id: newId(),
        project: entry.project,
        name,
        alias: change.alias,
        from_version: change.from === null ? null : Number(change.from),
        to_version: Number(change.to),
        changed_by: change.by,
        at: change.at,
        run_id: change.runId,
        step: change.step,
        note: change.note ?? null, // journals from before notes were kept have none
      })
      .execute();
    await trx
      .insertInto('aliases')
      .values({ project: entry.project, name, alias: change.alias, version: Number(change.to), changed_at: change.at, changed_by: change.by })
      .onConflict((on) =>
        on
          .columns(['project', 'name', 'alias'])
          .doUpdateSet({ version: Number(change.to), changed_at: change.at, changed_by: change.by })
          .where('aliases.changed_at', '<', change.at),
      )
      .execute();
  });
}
