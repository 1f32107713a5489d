/** Search attributes of every run's workflow, and their registration with Temporal at the server's start. Server only. */
import { defineSearchAttributeKey, SearchAttributeType, type SearchAttributePair } from '@temporalio/common';
import type { Connection } from '@temporalio/client';
import type { RunRow } from '../../catalog/runs.ts';
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

/** The run's status as its workflow last wrote it. */
export const statusAttribute = keys.status;

export function searchAttributesOf(run: RunRow): SearchAttributePair[] {
  const pairs: SearchAttributePair[] = [
    { key: keys.project, value: run.project },
    { key: keys.status, value: 'running' },
    { key: keys.plan, value: run.planHash },
    { key: keys.runId, value: run.runId },
  ];
  if (run.partition !== null) pairs.push({ key: keys.partition, value: run.partition.slice(0, 200) });
  if (run.backfill !== null) pairs.push({ key: keys.backfill, value: run.backfill });
  return pairs;
}

/** Registers what is missing in the namespace. Temporal's enum value 2 is Keyword. */
export async function registerSearchAttributes(connection: Connection, namespace: string): Promise<void> {
  const names = Object.values(keys).map((key) => key.name);
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  const missing = names.filter((name) => !(name in (customAttributes ?? {})));
  if (missing.length === 0) return;
  try {
    await connection.operatorService.addSearchAttributes({ namespace, searchAttributes: Object.fromEntries(missing.map((name) => [name, 2])) });
  } catch (error) {
    if (!(error instanceof Error) || !/already exist/i.test(error.message)) throw error; // two servers start at once
  }
}
