/**
 * One interface over file systems. store://a/b is <storage root>/<project>/a/b; file:///abs is a local path. Used by workers
 * and the server; the only way to bytes for everything above it.
 */
import { resolve as resolvePath } from 'node:path';
import { HeddleError } from '../dsl/errors/heddle-error.ts';
import type { FileSystem } from './file-system.ts';
import { localFiles } from './file-store.ts';
import { formatUri, parseUri } from './uri.ts';

export interface Store extends FileSystem {
  /** Any address -> its absolute form. Throws HDL-BAD-URI for an unknown scheme, or a path that leaves its root. */
  resolve(uri: string): string;
}

/** By scheme. */
export type FileSystems = Readonly<Record<string, FileSystem>>;

/** `root`: a folder, or the address of one. */
export function openStore({ root, project }: { readonly root: string; readonly project: string }, systems: FileSystems = { file: localFiles }): Store {
  const base = parseUri(root.includes('://') ? root : `file://${resolvePath(root).split('/').map(encodeURIComponent).join('/')}`);
  const known = Object.keys(systems)
    .map((scheme) => `${scheme}://`)
    .join(', ');
  if (!systems[base.scheme]) {
    throw new HeddleError('HDL-BAD-URI', {
      what: `storage.root is ${root}, and there is no file system for ${base.scheme}://.`,
      where: 'storage.root (HEDDLE_STORAGE_ROOT)',
      fix: `Use a folder, or one of ${known}.`,
    });
  }
  const resolve = (uri: string): string => {
    const address = parseUri(uri);
    if (address.scheme === 'store') return formatUri({ ...base, names: [...base.names, project, ...address.names] });
    if (!systems[address.scheme]) {
      throw new HeddleError('HDL-BAD-URI', {
        what: `${uri} is in no file system that is configured.`,
        fix: `Use store://... (relative to storage.root), or one of ${known}.`,
      });
    }
    if (address.scheme === 'file' && address.authority !== '') {
      throw new HeddleError('HDL-BAD-URI', {
        what: `${uri} names the host ${address.authority}, and file: is local.`,
        fix: 'Write file:/// with three slashes.',
      });
    }
    return formatUri(address);
  };
  const systemOf = (resolved: string): FileSystem => systems[parseUri(resolved).scheme] as FileSystem; // resolve() has looked
  const at = <T>(uri: string, work: (system: FileSystem, resolved: string) => Promise<T>): Promise<T> => {
    const resolved = resolve(uri);
    return work(systemOf(resolved), resolved);
  };
  return {
    resolve,
    read: async (uri, range) => at(uri, (system, resolved) => system.read(resolved, range)),
    write: async (uri, content) => at(uri, (system, resolved) => system.write(resolved, content)),
    stat: async (uri) => at(uri, (system, resolved) => system.stat(resolved)),
    list: async (uri) => at(uri, (system, resolved) => system.list(resolved)),
    remove: async (uri, options) => at(uri, (system, resolved) => system.remove(resolved, options)),
    makeFolder: async (uri) => at(uri, (system, resolved) => system.makeFolder(resolved)),
    async renameFolder(from, to) {
      const target = resolve(to);
      await at(from, async (system, source) => {
        if (systemOf(target) !== system)
          throw new HeddleError('HDL-BAD-URI', { what: `${source} cannot be renamed to ${target}: they are in two file systems.` });
        await system.renameFolder(source, target);
      });
    },
  };
}
