/** Datasets of one column and what lies in them: for the tests of the commit protocol. Tests only. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SliceHandle } from '../../dsl/contract/step.ts';
import type { DatasetDef } from '../../dsl/plan/types.ts';
import { pinSlice } from '../../storage/datasets/pin-slice.ts';
import type { publishPartition } from '../../storage/datasets/publish-partition.ts';
import { readSlice } from '../../storage/datasets/read-slice.ts';
import { stagePartition } from '../../storage/datasets/stage-partition.ts';
import { openStore, type Store } from '../../storage/store.ts';

export const KEY = { day: '2001-03-01' };
export const PATH = 'day=2001-03-01';
export type Staged = Parameters<typeof publishPartition>[1];

export function openTestStore(): { readonly store: Store; readonly folder: string; close(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'heddle-commit-'));
  const close = (): void => {
    rmSync(folder, { recursive: true, force: true });
  };
  return { store: openStore({ root: folder, project: 'test' }), folder, close };
}

let count = 0;
export const numbers = (more: Partial<DatasetDef> = {}): DatasetDef => ({
  name: 'd',
  uri: `store://d${count++}`,
  partitions: { day: { kind: 'day', start: '2001-01-01' } },
  schema: { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] },
  ...more,
});

export async function stage(
  store: Store,
  d: DatasetDef,
  values: readonly number[],
  runId: string,
  more: { attempt?: number; key?: { day: string } } = {},
): Promise<Staged> {
  const by = { runId, step: 'build', attempt: more.attempt ?? 1, planHash: 'p', task: 't', version: '1', codeDigest: null, inputs: [] };
  return (
    await stagePartition(
      store,
      d,
      more.key ?? KEY,
      values.map((n) => ({ n })),
      by,
    )
  ).staged;
}

export async function valuesOf(store: Store, d: DatasetDef, slice: SliceHandle): Promise<number[]> {
  const values: number[] = [];
  for await (const batch of readSlice(store, d, slice)) values.push(...(Array.from(batch.columns['n'] ?? []) as number[]));
  return values;
}

/** null: nothing is published. */
export async function visible(store: Store, d: DatasetDef): Promise<number[] | null> {
  const slice = await pinSlice(store, d, [KEY]);
  return 'missing' in slice ? null : valuesOf(store, d, slice);
}
