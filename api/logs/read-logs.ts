/**
 * Log lines of a step. While the run goes on: what workers pushed so far, which may lack lines. When it is over: the whole log
 * of the attempt from the store. A cursor stays with the file that it came from. Server only.
 */
import type { LogLine, Page } from '../../dsl/contract/api.ts';
import { attemptFile, newestAttempt, type AttemptNumber } from '../../storage/attempt-file.ts';
import { stepFolder } from '../../storage/step-folder.ts';
import { nameOfUri } from '../../storage/uri.ts';
import type { ServerParts } from '../server-parts.ts';
import { parsePage, type LogFiles } from './log-files.ts';

const PAGE_BYTES = 256 * 1024;
/** Cursors of the store's file begin here: larger than any offset in a pushed file. */
const STORE_CURSOR = 1_000_000_000_000;

export interface LogQuery {
  readonly runId: string;
  readonly step: string;
  /** Left out: the newest. */
  readonly retry?: number | undefined;
  readonly attempt?: number | undefined;
  readonly after: number;
  /** The run has ended. */ readonly over: boolean;
}

export async function readLogs(parts: Pick<ServerParts, 'store'>, files: LogFiles, query: LogQuery): Promise<Page<LogLine>> {
  const begins = query.after === 0;
  if (query.after >= STORE_CURSOR || (begins && query.over)) {
    const stored = await fromStore(parts, query);
    if (stored) return stored;
  }
  const pushed = await files.read(query.runId, query.step, asked(query), query.after);
  if (pushed) return { items: pushed.items, next: pushed.next ?? String(query.after) };
  return (begins && !query.over ? await fromStore(parts, query) : null) ?? { items: [], next: null };
}

const asked = ({ retry, attempt }: LogQuery): Partial<AttemptNumber> => ({ ...(retry !== undefined && { retry }), ...(attempt !== undefined && { attempt }) });

async function fromStore({ store }: Pick<ServerParts, 'store'>, query: LogQuery): Promise<Page<LogLine> | null> {
  const folder = `store://logs/${query.runId}/${stepFolder(query.step)}`;
  const offset = Math.max(0, query.after - STORE_CURSOR);
  const newest = newestAttempt(
    (await store.list(folder)).map(({ uri }) => nameOfUri(uri)),
    query,
  );
  if (!newest) return null; // no log was uploaded
  const uri = `${folder}/${attemptFile(newest)}`;
  const found = await store.stat(uri);
  if (!found) return null; // pruned meanwhile
  if (offset >= found.bytes) return { items: [], next: String(STORE_CURSOR + offset) };
  const page = parsePage(await store.read(uri, { offset, length: Math.min(PAGE_BYTES, found.bytes - offset) }), offset);
  return { items: page.items, next: page.next === null ? null : String(STORE_CURSOR + Number(page.next)) };
}
