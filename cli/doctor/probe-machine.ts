/** What this machine must have: a store that can be written, Python where it is wanted, room on the disk. */
import { spawnSync } from 'node:child_process';
import { statfsSync } from 'node:fs';
import type { ResolvedConfig } from '../../config/resolved-config.ts';
import { openProjectStore } from '../../storage/open-file-systems.ts';
import { bad, ok, reason, warn, type Check } from './check.ts';
import { nearest } from './probe-catalog.ts';
import { PATIENCE_MS } from './probe-hdfs.ts';

const GIB = 1024 ** 3;

/** Writes a small file, reads it, deletes it. */
export async function probeStore(config: ResolvedConfig): Promise<Check> {
  const { storageRoot } = config;
  const uri = `store://doctor/${process.pid}-${Date.now()}.txt`;
  try {
    const hdfs = Object.fromEntries(
      Object.entries(config.hdfs).map(([name, cluster]) => [name, { ...cluster, timeouts: { ...cluster.timeouts, failoverMs: PATIENCE_MS } }]),
    );
    const store = openProjectStore({ ...config, hdfs });
    await store.write(uri, Buffer.from('heddle doctor'));
    const read = Buffer.from(await store.read(uri)).toString();
    await store.remove(uri);
    if (read !== 'heddle doctor') return bad('store', `${storageRoot} gave back something else than was written`, 'Check the file system below storage.root.');
    return ok('store', `${storageRoot}: written, read, deleted`);
  } catch (error) {
    return bad('store', `${storageRoot}: ${reason(error)}`, 'Correct storage.root (HEDDLE_STORAGE_ROOT), or the rights on it.');
  }
}

export function probePython({ python }: ResolvedConfig): Check {
  const found = spawnSync(python, ['--version'], { encoding: 'utf8', timeout: 5_000 });
  if (found.status === 0) return ok('python', `${python}: ${(found.stdout || found.stderr).trim()}`);
  return warn('python', `${python} cannot be run`, 'Needed by command tasks in Python only: install it, or set python (HEDDLE_PYTHON).');
}

export function probeDisk({ stateFolder }: ResolvedConfig): Check {
  try {
    const { bavail, bsize } = statfsSync(nearest(stateFolder));
    const free = bavail * bsize;
    const detail = `${(free / GIB).toFixed(1)} GiB free at ${stateFolder}`;
    return free < GIB ? warn('disk', detail, 'Free some: logs, scratch files and the embedded databases lie there.') : ok('disk', detail);
  } catch (error) {
    return warn('disk', reason(error), 'Check the file system.');
  }
}
