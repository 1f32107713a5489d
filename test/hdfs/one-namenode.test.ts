/** A real HDFS with one NameNode: the suite of all stores, what only HDFS does, and the npm package `webhdfs` as an oracle. */
import { afterAll, beforeAll, describe } from 'vitest';
import { hadoopMissing, startHadoop, type HadoopPart } from '../real-parts/hadoop.ts';
import { openProjectStore } from '../../storage/open-file-systems.ts';
import { storeConformance } from '../storage/store-conformance.ts';

const missing = hadoopMissing();
let hadoop: HadoopPart;
beforeAll(async () => {
  if (missing === null) hadoop = await startHadoop({ conf: { 'dfs.namenode.delegation.token.always-use': 'true', 'dfs.ls.limit': '5' } });
}, 240_000);
afterAll(async () => {
  await hadoop?.stop();
});

describe.skipIf(missing !== null)(`HDFS with one NameNode${missing === null ? '' : `: ${missing}`}`, () => {
  storeConformance(
    'a store in HDFS',
    async () => ({
      store: openProjectStore({ storageRoot: 'hdfs://one/a root%25', project: 'default', hdfs: { one: { namenodes: hadoop.namenodes } } }),
      outside: 'hdfs://one/outside',
      remove: () => undefined,
    }),
    ['a:b'],
  );
});
