/** The crash matrix on a local store. On a real HDFS: test/hdfs/datasets.full.test.ts; with real processes: crash-system.test.ts. */
import { afterAll } from 'vitest';
import { openTestStore } from './commit-kit.ts';
import { crashMatrixSuite } from './crash-matrix-suite.ts';

const { store, close } = openTestStore();
afterAll(close);
crashMatrixSuite(() => store);
