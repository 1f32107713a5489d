/** A store that notes its calls, and partitions of many files. Tests and the benchmark `commit`. */
import type { DatasetDef } from '../../dsl/plan/types.ts';
import { stagePartition } from '../../storage/datasets/stage-partition.ts';
import type { Store } from '../../storage/store.ts';
import { KEY, type Staged } from './commit-kit.ts';

export type Call = 'read' | 'write' | 'stat' | 'list' | 'rename' | 'remove';

export function countingStore(store: Store): { readonly store: Store; readonly calls: readonly Call[] } {
  const calls: Call[] = [];
  const noted = <T>(call: Call, result: Promise<T>): Promise<T> => {
    calls.push(call);
    return result;
  };
  return {
    calls,
    store: {
      ...store,
      read: (uri, options) => noted('read', store.read(uri, options)),
      write: (uri, content) => noted('write', store.write(uri, content)),
      stat: (uri) => noted('stat', store.stat(uri)),
      list: (uri) => noted('list', store.list(uri)),
      renameFolder: (from, to) => noted('rename', store.renameFolder(from, to)),
      remove: (uri, options) => noted('remove', store.remove(uri, options)),
    },
  };
}

/** One row a file: a file ends with the batch that takes it beyond a byte. */
export async function manyFiles(store: Store, d: DatasetDef, files: number, runId: string): Promise<Staged> {
  async function* batches(): AsyncGenerator<readonly object[]> {
    for (let n = 0; n < files; n++) yield [{ n }];
  }
  const by = { runId, step: 'build', attempt: 1, planHash: 'p', task: 't', version: '1', codeDigest: null, inputs: [] };
  return (await stagePartition(store, d, KEY, batches(), by, { bytesPerFile: 1 })).staged;
}
