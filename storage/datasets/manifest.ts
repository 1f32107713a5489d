/** manifest.json of a partition: who wrote it, from what, and its files with checksums. Written beside _SUCCESS. */
import type { JsonObject } from '../../dsl/plan/types.ts';
import type { SliceHandle } from '../../dsl/contract/step.ts';

export interface Manifest {
  readonly format: 1;
  readonly dataset: string;
  readonly key: JsonObject;
  readonly runId: string;
  readonly step: string;
  readonly attempt: number;
  readonly planHash: string;
  readonly task: string;
  readonly version: string;
  readonly codeDigest: string | null;
  readonly inputs: readonly { readonly dataset: string; readonly digest: string; readonly rows: number }[];
  readonly files: readonly { readonly name: string; readonly rows: number; readonly bytes: number; readonly digest: string }[];
  readonly rows: number;
  readonly bytes: number;
}
export const MANIFEST = 'manifest.json';
export const SUCCESS = '_SUCCESS';

export const inputsOf = (slices: readonly SliceHandle[]): Manifest['inputs'] => slices.map(({ dataset, digest, rows }) => ({ dataset, digest, rows }));
