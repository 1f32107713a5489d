/** Whether the datasets of a plan lie where this server's store can reach: asked before a run of it begins. Server only. */
import { HeddleError, isHeddleError } from '../../dsl/errors/heddle-error.ts';
import type { Plan } from '../../dsl/plan/types.ts';
import type { Store } from '../../storage/store.ts';

/** Nothing is connected. Throws HDL-BAD-URI for a file system or cluster that is not configured, HDL-HDFS-NAME. */
export function checkDatasets(store: Pick<Store, 'resolve'>, { name, contracts }: Plan): void {
  for (const dataset of Object.values(contracts.datasets)) {
    try {
      store.resolve(dataset.uri);
    } catch (error) {
      if (!isHeddleError(error)) throw error;
      throw new HeddleError(error.code, { what: error.what, where: `dataset ${dataset.name} of pipeline ${name}`, fix: error.fix, cause: error });
    }
  }
}
