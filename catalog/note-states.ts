/** Keeps the states of partitions that a run's steps have put in place. In the transaction of the record. Server only. */
import type { StepRecord } from '../dsl/contract/run.ts';
import type { CatalogDb } from './catalog.ts';
import { addEvents } from './triggers.ts';
import { putStates, type PartitionStateRow } from './partition-state.ts';
import { firstPinAt } from './pins.ts';
import type { NewlyPublished } from './publications.ts';
import type { RunRow } from './runs.ts';

export async function noteStates(
  db: CatalogDb,
  run: Pick<RunRow, 'runId' | 'project' | 'createdAt' | 'backfill'>,
  steps: readonly StepRecord[],
  published: readonly NewlyPublished[],
): Promise<void> {
  if (published.length === 0) return;
  const by = new Map(steps.map((step) => [step.step, step]));
  const pinnedAt = (await firstPinAt(db, run.runId)) ?? run.createdAt;
  const states = new Map<string, PartitionStateRow[]>();
  for (const one of published) {
    const step = by.get(one.step);
    const [task = null, version = null] = step?.task?.split('@') ?? [];
    const own = states.get(one.uri) ?? [];
    states.set(one.uri, own);
    own.push({
      path: one.path,
      generation: one.generation,
      manifest: one.manifest,
      task,
      version: version ?? step?.version ?? null,
      codeDigest: step?.meta?.codeDigest ?? null,
      madeBy: `${run.runId}/${one.step}`,
      publishedAt: one.at,
      pinnedAt: Math.min(pinnedAt, one.at),
      rows: one.rows,
      bytes: one.bytes,
    });
  }
  for (const [uri, own] of states) await putStates(db, run.project, uri, own);
  // what a backfill rebuilds makes stale what is behind it, and starts nothing: that would be a storm
  if (run.backfill === null)
    await addEvents(
      db,
      run.project,
      published.map((one) => ({
        kind: 'published' as const,
        subject: one.dataset,
        key: one.path,
        version: one.at,
        detail: { generation: one.generation, runId: run.runId },
        at: one.at,
      })),
    );
}
