/** The store on a local file system: temporary name, fsync, rename. Workers and server; opened by store.ts. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { HeddleError } from '../dsl/errors/heddle-error.ts';
import type { Store, StoreEntry } from './store.ts';

/** `base`: what store:// stands for, a file: URI without a slash at its end. */
export function fileStore(base: string): Store {
  const resolveUri = (uri: string): string => {
    const [, scheme, path] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/s.exec(uri) ?? [];
    if (scheme !== 'store' && scheme !== 'file') {
      throw new HeddleError('HDL-BAD-URI', {
        what: `${uri} is in no file system that is configured.`,
        fix: 'Use store://... (relative to storage.root) or file:///...',
      });
    }
    if ((path ?? '').split('/').some((part) => part === '..' || decodes(part) === '..'))
      throw new HeddleError('HDL-BAD-URI', { what: `${uri} leaves its root.`, fix: 'Leave out "..".' });
    return scheme === 'file' ? uri.replace(/(?<!\/)\/+$/, '') : `${base}/${encodePath(path ?? '')}`.replace(/\/+$/, '');
  };
  const local = (uri: string): string => fileURLToPath(resolveUri(uri));
  const missing = (uri: string): HeddleError => new HeddleError('HDL-NOT-FOUND', { what: `${resolveUri(uri)} does not exist.` });

  return {
    resolve: resolveUri,

    async read(uri, range) {
      const file = await open(local(uri), 'r').catch((error: unknown) => {
        throw codeOf(error) === 'ENOENT' ? missing(uri) : error;
      });
      try {
        if (!range) return new Uint8Array(await file.readFile());
        const offset = range.offset ?? 0;
        const size = (await file.stat()).size;
        const length = Math.max(0, Math.min(range.length ?? size, size - offset));
        const bytes = new Uint8Array(length);
        let done = 0;
        while (done < length) {
          const { bytesRead } = await file.read(bytes, done, length - done, offset + done);
          if (bytesRead === 0) break;
          done += bytesRead;
        }
        return done === length ? bytes : bytes.subarray(0, done);
      } finally {
        await file.close();
      }
    },

    async write(uri, content) {
      const target = local(uri);
      await mkdir(dirname(target), { recursive: true });
      const temporary = `${target}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`;
      const hash = createHash('sha256');
      let bytes = 0;
      try {
        const file = await open(temporary, 'wx');
        try {
          for await (const part of content instanceof Uint8Array ? [content] : content) {
            hash.update(part);
            bytes += part.length;
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
    },

    async stat(uri) {
      const found = await stat(local(uri)).catch(absent);
      return found && entry(resolveUri(uri), found);
    },

    async list(uri) {
      const names = await readdir(local(uri)).catch(absent);
      const at = resolveUri(uri);
      const entries = await Promise.all(
        (names ?? [])
          .filter((name) => !name.endsWith('.tmp'))
          .sort()
          .map(async (name) => {
            const child = `${at}/${encodeURIComponent(name)}`;
            const found = await stat(fileURLToPath(child)).catch(absent);
            return found && entry(child, found);
          }),
      );
      return entries.filter((one) => one !== null);
    },

    async renameFolder(from, to) {
      const target = local(to);
      await mkdir(dirname(target), { recursive: true });
      // rename(2) replaces an empty folder without a word: an empty folder is no partition, it goes first.
      await rmdir(target).catch(() => undefined);
      try {
        if (await stat(target).catch(absent)) throw new HeddleError('HDL-PARTITION-EXISTS', { what: `${resolveUri(to)} exists.` });
        await rename(local(from), target);
      } catch (error) {
        if (['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(codeOf(error) ?? ''))
          throw new HeddleError('HDL-PARTITION-EXISTS', { what: `${resolveUri(to)} exists.`, cause: error });
        throw codeOf(error) === 'ENOENT' ? missing(from) : error;
      }
      await syncFolder(dirname(target));
    },

    async remove(uri, options) {
      await rm(local(uri), { force: true, recursive: options?.recursive ?? false });
    },
    async makeFolder(uri) {
      await mkdir(local(uri), { recursive: true });
    },
  };
}

const entry = (uri: string, found: { readonly size: number; readonly mtimeMs: number; isDirectory(): boolean }): StoreEntry => ({
  uri,
  bytes: found.isDirectory() ? 0 : found.size,
  mtimeMs: found.mtimeMs,
  folder: found.isDirectory(),
});
const absent = (error: unknown): null => {
  if (['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '')) return null;
  throw error;
};
const codeOf = (error: unknown): string | undefined => (error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined);
const encodePath = (path: string): string => pathToFileURL(`/${path}`).pathname.slice(1);
function decodes(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
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
