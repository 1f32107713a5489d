/**
 * The attempts of one step, with those that only their log tells of: the catalog knows an attempt when it was recorded or
 * when a worker's push came through, and a log may be all that a lost push or a restored catalog has left. Server only.
 */
import type { AttemptRecord } from '../../dsl/contract/api.ts';
import { attemptOfFile, inOrder, type AttemptNumber } from '../../storage/attempt-file.ts';
import { stepFolder } from '../../storage/step-folder.ts';
import { nameOfUri } from '../../storage/uri.ts';
import type { ServerParts } from '../server-parts.ts';
import type { LogFiles } from './log-files.ts';

export async function withLogged(
  { store, log }: Pick<ServerParts, 'store' | 'log'>,
  files: LogFiles,
  { runId, step }: { readonly runId: string; readonly step: string },
  known: readonly AttemptRecord[],
): Promise<AttemptRecord[]> {
  const uploaded = await store.list(`store://logs/${runId}/${stepFolder(step)}`).catch((error: unknown) => {
    log.warn({ runId, step, error: String(error) }, 'the store did not say which logs it has');
    return [];
  });
  const all = new Map(known.map((attempt) => [keyOf(attempt), attempt]));
  for (const name of [...(await files.names(runId, step)), ...uploaded.map(({ uri }) => nameOfUri(uri))]) {
    const found = attemptOfFile(name);
    if (found && !all.has(keyOf(found))) all.set(keyOf(found), { step, ...found, worker: null, startedAt: null, endedAt: null, failure: null, observed: true });
  }
  return [...all.values()].toSorted(inOrder);
}

const keyOf = ({ retry, attempt }: AttemptNumber): string => `${retry}/${attempt}`;
