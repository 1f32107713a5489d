/** Slices and partitions of datasets, behind the interfaces of activities/step. */
import type { StepData } from '../activities/step/step-host.ts';
import type { PublishCall } from '../dsl/contract/step.ts';
import type { Json } from '../dsl/plan/types.ts';
import type { Store } from '../storage/store.ts';

export function sliceData(_store: Store): Pick<StepData, 'readSlice' | 'stage'> {
  return {
    readSlice() { throw new Error('storage/datasets is not there yet'); },
    stage() { throw new Error('storage/datasets is not there yet'); },
  };
}
export async function publishStaged(_store: Store, _call: PublishCall, _by: { readonly worker: string; readonly attempt: number }): Promise<Json> {
  throw new Error('storage/datasets is not there yet');
}
