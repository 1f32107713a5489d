/** The local file system as a store: temporary name, fsync, rename. Workers and server; store.ts opens it. */
import { createHash, randomBytes } from 'node:crypto';
import type { Stats } from 'node:fs';
import { chmod, mkdir, open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HeddleError, isHeddleError } from '../dsl/errors/heddle-error.ts';
import type { ByteRange, CallOptions, MountedFileSystem, StoreEntry } from './file-system.ts';
import { childUri } from './uri.ts';

/** Files under way. A crash leaves them; nobody lists or reads them. */
const TEMPORARY = '.heddle-tmp-';

/** Bytes of a part of a stream. */
const PART = 256 * 1024;

export const localFiles: MountedFileSystem = {
  check({ authority }) {
    if (authority === '') return;
    throw new HeddleError('HDL-BAD-URI', {
      what: `file://${authority}/... names the host ${authority}, and file: is local.`,
      fix: 'Write file:/// with three slashes.',
    });
  },

  read: (uri, range) =>
    told(uri, async () => {
      range?.signal?.throwIfAborted();
      const file = await open(fileURLToPath(uri), 'r');
      try {
        if (range?.offset === undefined && range?.length === undefined) {
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

  readStream: parts,

  async readRanges(uri, ranges, options) {
    const found: Uint8Array[] = [];
    for (const range of ranges) found.push(await localFiles.read(uri, { ...range, ...options }));
    return found;
  },

  write: (uri, content, options) =>
    told(uri, async () => {
      options?.signal?.throwIfAborted();
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
            options?.signal?.throwIfAborted();
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

  async checksum(uri) {
    const hash = createHash('sha256');
    for await (const part of parts(uri)) hash.update(part);
    return `sha256:${hash.digest('hex')}`;
  },

  setPermission: (uri, mode) => told(uri, () => chmod(fileURLToPath(uri), mode)),

  async concat(target, sources) {
    async function* all(): AsyncGenerator<Uint8Array> {
      for (const uri of [target, ...sources]) yield* parts(uri);
    }
    await localFiles.write(target, all());
    for (const source of sources) await localFiles.remove(source);
  },
};

async function* parts(uri: string, { offset = 0, length = Infinity, signal }: ByteRange & CallOptions = {}): AsyncGenerator<Uint8Array> {
  const file = await told(uri, () => open(fileURLToPath(uri), 'r'));
  try {
    for (let done = 0; done < length;) {
      signal?.throwIfAborted();
      const most = Math.min(PART, length - done);
      const at = offset + done;
      const { bytesRead, buffer } = await told(uri, () => file.read(new Uint8Array(most), 0, most, at));
      if (bytesRead === 0) return;
      done += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

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
