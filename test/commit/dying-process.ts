/**
 * A process that stages and publishes one partition and is killed (SIGKILL) at a named point. Started by the tests only:
 * node dying-process.ts ROOT DATASET(JSON) VALUES(JSON) RUN GENERATION POINT WHEN
 */
import { publishPartition } from '../../storage/datasets/publish-partition.ts';
import { openStore, type Store } from '../../storage/store.ts';
import type { DatasetDef } from '../../dsl/plan/types.ts';
import { stage } from './commit-kit.ts';
import { pointOf, type Point } from './crash-points.ts';

const [root = '', dataset = '', values = '', runId = '', generation = '', point = '', when = ''] = process.argv.slice(2);
const store = openStore({ root, project: 'test' });

const step = async <T>(call: Parameters<typeof pointOf>[0], uri: string, work: () => Promise<T>): Promise<T> => {
  if (pointOf(call, uri) !== (point as Point)) return work();
  if (when === 'after') await work();
  process.kill(process.pid, 'SIGKILL');
  return new Promise(() => undefined); // the signal comes before anything else happens
};
const dying: Store = {
  ...store,
  list: (uri) => step('list', uri, () => store.list(uri)),
  write: (uri, content) => step('write', uri, () => store.write(uri, content)),
  renameFolder: (from, to) => step('rename', from, () => store.renameFolder(from, to)),
  remove: (uri, options) => step('remove', uri, () => store.remove(uri, options)),
};
const staged = await stage(dying, JSON.parse(dataset) as DatasetDef, JSON.parse(values) as number[], runId);
process.stdout.write(`${JSON.stringify(staged)}\n`);
await publishPartition(dying, staged, { replace: true, generation: Number(generation) });
process.exit(0); // the codec's thread need not be waited for
