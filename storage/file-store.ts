/** The local file system as a store: temporary name, fsync, rename. Workers and server; store.ts opens it. */
import { createHash, randomBytes } from 'node:crypto';
import type { Stats } from 'node:fs';
import { mkdir, open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HeddleError, isHeddleError } from '../dsl/errors/heddle-error.ts';
import type { FileSystem, StoreEntry } from './file-system.ts';
import { childUri } from './uri.ts';

/** Files under way. A crash leaves them; nobody lists or reads them. */
const TEMPORARY = '.heddle-tmp-';

export const localFiles: FileSystem = {
  read: (uri, range) =>
    told(uri, async () => {
      const file = await open(fileURLToPath(uri), 'r');
      try {
        if (!range) {
          const whole = await file.readFile();
          return new Uint8Array(whole.buffer, whole.byteOffset, whole.byteLength); // the same memory
        }
        const offset = range.offset ?? 0;
        const { size } = await file.stat();
        const length = Math.max(0, Math.min(range.length ?? size, size - offset));
        const bytes = new Uint8Array(length);
        let done = 0;
        while (done < length) {
          const { bytesRead } = await file.read(bytes, done, length - done, offset + done);
          if (bytesRead === 0) break;
          done += bytesRead;
        }
        return bytes.subarray(0, done);
      } finally {
        await file.close();
      }
    }),

  write: (uri, content) =>
    told(uri, async () => {
      const target = fileURLToPath(uri);
      const folder = dirname(target);
      const temporary = join(folder, `${TEMPORARY}${randomBytes(8).toString('hex')}`);
      const hash = createHash('sha256');
      let bytes = 0;
      await mkdir(folder, { recursive: true });
      const file = await open(temporary, 'wx');
      try {
        try {
          for await (const part of content instanceof Uint8Array ? [content] : content) {
            hash.update(part);
            bytes += part.byteLength;
            await file.writeFile(part);
          }
          await file.sync();
        } finally {
          await file.close();
        }
        await rename(temporary, target);
      } catch (error) {
        await rm(temporary, { force: true });
        throw error;
      }
      return { bytes, digest: `sha256:${hash.digest('hex')}` };
    }),

  stat: (uri) =>
    told(uri, async () => {
      const found = await stat(fileURLToPath(uri)).catch(absent);
      return found && entryOf(uri, found);
    }),

  list: (uri) =>
    told(uri, async () => {
      const path = fileURLToPath(uri);
      const names = ((await readdir(path).catch(absent)) ?? []).filter((name) => !name.startsWith(TEMPORARY)).toSorted();
      const entries = await Promise.all(
        names.map(async (name) => {
          const found = await stat(join(path, name)).catch(absent); // gone since
          return found && entryOf(childUri(uri, name), found);
        }),
      );
      return entries.filter((entry) => entry !== null);
    }),

  renameFolder: (from, to) =>
    told(from, async () => {
      const source = fileURLToPath(from);
      const target = fileURLToPath(to);
      const exists = (cause?: unknown): HeddleError => new HeddleError('HDL-PARTITION-EXISTS', { what: `${to} exists.`, where: `rename of ${from}`, cause });
      await stat(source); // without a source nothing is made
      await mkdir(dirname(target), { recursive: true });
      // rename(2) replaces an empty folder without a word: an empty folder is no partition, it goes first.
      await rmdir(target).catch(() => undefined);
      if (await stat(target).catch(absent)) throw exists();
      try {
        await rename(source, target);
      } catch (error) {
        throw ['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(codeOf(error)) ? exists(error) : error;
      }
      await syncFolder(dirname(target));
    }),

  remove: (uri, options) =>
    told(uri, async () => {
      await rm(fileURLToPath(uri), { force: true, recursive: options?.recursive ?? false }).catch(absent);
    }),

  makeFolder: (uri) =>
    told(uri, async () => {
      await mkdir(fileURLToPath(uri), { recursive: true });
    }),
};

const entryOf = (uri: string, found: Stats): StoreEntry => ({
  uri,
  bytes: found.isDirectory() ? 0 : found.size,
  mtimeMs: found.mtimeMs,
  folder: found.isDirectory(),
});

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : '');
const absent = (error: unknown): null => {
  if (['ENOENT', 'ENOTDIR'].includes(codeOf(error))) return null;
  throw error;
};

/** Errors of the operating system, told as ours: HDL-NOT-FOUND, HDL-STORE-FAILED. What a writer's own source threw stays. */
async function told<T>(uri: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = codeOf(error);
    if (isHeddleError(error) || !(error instanceof Error && 'syscall' in error)) throw error;
    if (code === 'ENOENT' || code === 'ENOTDIR') throw new HeddleError('HDL-NOT-FOUND', { what: `${uri} does not exist.`, cause: error });
    throw new HeddleError('HDL-STORE-FAILED', { what: `The file system refused ${uri}: ${error.message}.`, cause: error });
  }
}

/** A rename is on the disk when its folder is. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
