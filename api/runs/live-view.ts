/**
 * What the interpreter says about a running run, through its query. Cached for a second, so that many watchers cost one
 * query; a workflow that cannot answer in time gives null, and the reader shows what else is known. Server only.
 */
import type { Client } from '@temporalio/client';
import { messages, type LiveState } from '../../dsl/contract/run.ts';
import type { RunRow } from '../../catalog/runs.ts';
import { isInPage } from '../backfills/in-page.ts';

const CACHE_MS = 1_000;
const QUERY_MS = 2_000;

export interface LiveView {
  state(run: RunRow, page: { readonly offset: number; readonly limit: number }): Promise<LiveState | null>;
}

export function createLiveView(temporal: Client): LiveView {
  const cache = new Map<string, { readonly at: number; readonly state: Promise<LiveState | null> }>();
  return {
    state(run, page) {
      const key = `${run.runId}\0${run.retry}\0${page.offset}\0${page.limit}`;
      const now = Date.now();
      const kept = cache.get(key);
      if (kept && now - kept.at < CACHE_MS) return kept.state;
      for (const [old, entry] of cache) if (now - entry.at >= CACHE_MS) cache.delete(old);
      const state = ask(temporal, run, page);
      cache.set(key, { at: now, state });
      return state;
    },
  };
}

async function ask(temporal: Client, run: RunRow, page: { readonly offset: number; readonly limit: number }): Promise<LiveState | null> {
  try {
    return await temporal.withDeadline(Date.now() + QUERY_MS, () =>
      temporal.workflow
        .getHandle(run.workflowId)
        .query<LiveState, [typeof page & { readonly runId?: string }]>(messages.state, isInPage(run) ? { ...page, runId: run.runId } : page),
    );
  } catch {
    return null; // busy, not started yet, or gone: the reconciler looks after the last
  }
}
