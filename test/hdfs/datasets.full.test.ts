/** Datasets on a real HDFS, by the suites of the local store: the crash matrix, clean-ups and rollbacks, partitions of other systems. */
import { userInfo } from 'node:os';
import { afterAll, beforeAll, describe, expect, vi } from 'vitest';
import { openProjectStore } from '../../storage/open-file-systems.ts';
import { parseUri } from '../../storage/uri.ts';
import type { Store } from '../../storage/store.ts';
import { crashMatrixSuite } from '../commit/crash-matrix-suite.ts';
import { gcSuite } from '../commit/gc-suite.ts';
import { hadoopMissing, startHadoop, type HadoopPart } from '../real-parts/hadoop.ts';
import { foreignSuite } from '../storage/foreign-suite.ts';
import { replacedForeignSuite } from '../storage/replaced-foreign-suite.ts';

vi.setConfig({ testTimeout: 60_000 });
const missing = hadoopMissing();
let hadoop: HadoopPart;
beforeAll(async () => {
  if (missing === null) hadoop = await startHadoop();
}, 240_000);
afterAll(() => hadoop?.stop());
const open = (root: string): Store =>
  openProjectStore({ storageRoot: `hdfs://one/${root}`, project: 'default', hdfs: { one: { namenodes: hadoop.namenodes } } });

describe.skipIf(missing !== null)(`on HDFS${missing === null ? '' : `: ${missing}`}`, () => {
  describe('the crash matrix', () => {
    crashMatrixSuite(() => open('matrix'));
  });
  describe('clean-ups and rollbacks', () => {
    gcSuite(() => open('gc'));
  });
  describe('another system', () => {
    const setTime = async (uri: string, ms: number): Promise<void> => {
      const path = parseUri(uri).names.map(encodeURIComponent).join('/');
      const answer = await fetch(
        `${hadoop.namenodes[0]}/webhdfs/v1/${path}?op=SETTIMES&modificationtime=${ms}&accesstime=-1&user.name=${userInfo().username}`,
        {
          method: 'PUT',
        },
      );
      expect(answer.status).toBe(200);
    };
    foreignSuite(() => open('foreign'), setTime);
    replacedForeignSuite(() => open('replaced'));
  });
});
