/** A worker in this very process, started and watched by `heddle dev`. */
import type { ResolvedConfig } from '../../config/resolved-config.ts';
import { startWorker } from '../../workers/worker.ts';
import { awaitAddress } from './await-address.ts';
import { tellParent } from './tell-parent.ts';
import { untilToldToStop } from './until-told-to-stop.ts';

/** Comes back never: the process ends with the worker. */
export async function runWorker(config: ResolvedConfig, pool: string): Promise<never> {
  await awaitAddress(config.temporal.address, 20_000);
  const worker = await startWorker({ config, pool, ownProcess: true });
  tellParent({ kind: 'ready', name: `worker:${pool}`, address: null });
  try {
    await untilToldToStop(worker.ended);
  } finally {
    await worker.stop();
  }
  return process.exit(0); // native threads of the SDK must not hold a worker that has drained
}
