/** Log lines of a step: from the store when the attempt's log is there whole, else what workers pushed so far. Server only. */
import type { LogLine, Page } from '../../dsl/contract/api.ts';
import type { ServerParts } from '../server-parts.ts';
import { parsePage, stepFolder, type LogFiles } from './log-files.ts';

const PAGE_BYTES = 256 * 1024;

export async function readLogs(parts: ServerParts, files: LogFiles, query: { readonly runId: string; readonly step: string; readonly attempt?: number | undefined; readonly after: number }): Promise<Page<LogLine>> {
  const pushed = await files.read(query.runId, query.step, query.attempt, query.after);
  if (pushed && (pushed.items.length > 0 || query.after > 0)) return { items: pushed.items, next: pushed.next ?? String(query.after) };
  const stored = await fromStore(parts, query);
  return stored ?? { items: [], next: null };
}

async function fromStore(parts: ServerParts, query: { readonly runId: string; readonly step: string; readonly attempt?: number | undefined; readonly after: number }): Promise<Page<LogLine> | null> {
  const folder = `store://logs/${query.runId}/${stepFolder(query.step)}`;
  try {
    const attempt = query.attempt ?? Math.max(0, ...(await parts.store.list(folder)).map((entry) => Number.parseInt(entry.uri.split('/').at(-1) ?? '', 10) || 0));
    const uri = `${folder}/${attempt}.jsonl`;
    const found = await parts.store.stat(uri);
    if (!found || query.after >= found.bytes) return null;
    return parsePage(await parts.store.read(uri, { offset: query.after, length: Math.min(PAGE_BYTES, found.bytes - query.after) }), query.after);
  } catch {
    return null; // no log was uploaded
  }
}
