/** Partitions of other systems on a local store. On a real HDFS: test/hdfs/datasets.full.test.ts. */
import { utimesSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';
import { openTestStore } from '../commit/commit-kit.ts';
import { foreignSuite } from './foreign-suite.ts';
import { replacedForeignSuite } from './replaced-foreign-suite.ts';

const { store, close } = openTestStore();
afterAll(close);
foreignSuite(
  () => store,
  (uri, ms) => {
    utimesSync(fileURLToPath(uri), ms / 1000, ms / 1000);
  },
);
replacedForeignSuite(() => store);
