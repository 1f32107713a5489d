/** The file systems of a configuration: file: always, hdfs: with the clusters that it names. Server, workers, command line. */
import type { HdfsConfig } from '../dsl/config.ts';
import { localFiles } from './file-store.ts';
import { hdfsFiles } from './hdfs/hdfs-files.ts';
import { openStore, type Store } from './store.ts';

/** The store of a project. Throws HDL-BAD-URI for a root in no file system that is configured. Nothing is connected yet. */
export const openProjectStore = (config: {
  readonly storageRoot: string;
  readonly project: string;
  readonly hdfs?: Readonly<Record<string, HdfsConfig>>;
}): Store => openStore({ root: config.storageRoot, project: config.project }, { file: localFiles, hdfs: hdfsFiles(config.hdfs ?? {}) });
