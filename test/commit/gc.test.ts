/** heddle gc, rollbacks and the numbers of publishes on a local store. On a real HDFS: test/hdfs/datasets.full.test.ts. */
import { openStore } from '../../storage/store.ts';
import { gcSuite } from './gc-suite.ts';

gcSuite((root) => openStore({ root, project: 'default' }));
