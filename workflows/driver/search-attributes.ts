/** Search attributes of runs, as the server registers them (api/runs/search-attributes.ts). Sandbox. */
import { upsertSearchAttributes } from '@temporalio/workflow';
import { defineSearchAttributeKey, SearchAttributeType, type SearchAttributePair } from '@temporalio/common/lib/search-attributes.js';
import type { RunInput, RunStatus } from '../../dsl/contract/run.ts';
import { searchAttributeNames } from '../../dsl/contract/search-attributes.ts';

const keyword = (name: string) => defineSearchAttributeKey(name, SearchAttributeType.KEYWORD);
const keys = {
  project: keyword(searchAttributeNames.project),
  partition: keyword(searchAttributeNames.partition),
  status: keyword(searchAttributeNames.status),
  plan: keyword(searchAttributeNames.plan),
  runId: keyword(searchAttributeNames.runId),
  backfill: keyword(searchAttributeNames.backfill),
};

/** Of a called pipeline's run. */
export function attributesOf(run: RunInput): SearchAttributePair[] {
  const pairs: SearchAttributePair[] = [...partAttributes(run), { key: keys.status, value: 'running' }, { key: keys.plan, value: run.planHash }];
  if (run.partition) pairs.push({ key: keys.partition, value: run.partition.key.slice(0, 200) });
  if (run.backfill !== undefined) pairs.push({ key: keys.backfill, value: run.backfill });
  return pairs;
}

/** Of a chunk: which run it is a part of. */
export const partAttributes = (run: { readonly project: string; readonly runId: string }): SearchAttributePair[] => [
  { key: keys.project, value: run.project },
  { key: keys.runId, value: run.runId },
];

/** Of a backfill's own workflows. */
export const backfillAttributes = (project: string, backfill: string): SearchAttributePair[] => [
  { key: keys.project, value: project },
  { key: keys.backfill, value: backfill },
];

export function showStatus(status: RunStatus): void {
  upsertSearchAttributes([{ key: keys.status, value: status }]);
}
