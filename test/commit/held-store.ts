/**
 * Loaded into `heddle server` and `heddle worker` by the tests (NODE_OPTIONS --import): their local file system holds still
 * at the points of the commit that the test has armed, until it is let go or its process is killed. Nothing of it is in the
 * product. The folder in HEDDLE_TEST_POINTS is written and read by points-folder.ts.
 */
import { existsSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { localFiles } from '../../storage/file-store.ts';
import { pointOf } from './crash-points.ts';
import type { Armed } from './points-folder.ts';

const folder = process.env['HEDDLE_TEST_POINTS'];
const CHECK_MS = 25;

/** One process takes an armed point, once. */
function taken(point: string, when: 'before' | 'after', uri: string): string | null {
  if (folder === undefined) return null;
  for (const name of readdirSync(join(folder, 'armed'))) {
    const file = join(folder, 'armed', name);
    try {
      const armed = JSON.parse(readFileSync(file, 'utf8')) as Armed;
      if (armed.point !== point || armed.when !== when || !uri.includes(armed.of)) continue;
      renameSync(file, join(folder, 'taken', name));
      return name;
    } catch {
      continue; // another process took it
    }
  }
  return null;
}

async function hold(point: string, when: 'before' | 'after', uri: string): Promise<void> {
  const name = taken(point, when, uri);
  if (name === null || folder === undefined) return;
  writeFileSync(join(folder, 'held', name), String(process.pid));
  while (!existsSync(join(folder, 'go', name)))
    await new Promise((resolve) => {
      setTimeout(resolve, CHECK_MS);
    });
}

async function step<T>(call: Parameters<typeof pointOf>[0], uri: string, work: () => Promise<T>): Promise<T> {
  const point = pointOf(call, uri);
  if (point === null) return work();
  await hold(point, 'before', uri);
  const result = await work();
  await hold(point, 'after', uri);
  return result;
}

const { checksum, list, remove, renameFolder, write } = localFiles;
Object.assign(localFiles, {
  list: (uri) => step('list', uri, () => list(uri)),
  write: (uri, content, options) => step('write', uri, () => write(uri, content, options)),
  renameFolder: (from, to) => step('rename', from, () => renameFolder(from, to)),
  remove: (uri, options) => step('remove', uri, () => remove(uri, options)),
  checksum: (uri) => step('checksum', uri, () => checksum(uri)),
} satisfies Partial<typeof localFiles>);
