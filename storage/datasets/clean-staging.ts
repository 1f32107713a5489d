/** Removes what the attempts of a run staged and nobody published: after a cancel or a failure. Server. */
import type { DatasetDef } from '../../dsl/plan/types.ts';
import type { Store } from '../store.ts';
import { stagingOfRun } from './layout.ts';

export async function cleanStaging(store: Store, dataset: Pick<DatasetDef, 'uri'>, runId: string): Promise<void> {
  await store.remove(stagingOfRun(store.resolve(dataset.uri), runId), { recursive: true });
}
