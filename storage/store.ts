/**
 * One interface over file systems. store://a/b is <storage root>/<project>/a/b; file:///abs is a local path. Used by workers
 * and the server; the only way to bytes for everything above it.
 */
import { resolve as resolvePath } from 'node:path';
import { HeddleError } from '../dsl/errors/heddle-error.ts';
import type { FileSystem, MountedFileSystem } from './file-system.ts';
import { localFiles } from './file-store.ts';
import { formatUri, parseUri } from './uri.ts';

export interface Store extends FileSystem {
  /** Any address -> its absolute form. Throws HDL-BAD-URI for an unknown scheme, or a path that leaves its root. */
  resolve(uri: string): string;
}

/** By scheme. */
export type FileSystems = Readonly<Record<string, MountedFileSystem>>;

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
    const given = parseUri(uri);
    const address = given.scheme === 'store' ? { ...base, names: [...base.names, project, ...given.names] } : given;
    if (!systems[address.scheme]) {
      throw new HeddleError('HDL-BAD-URI', {
        what: `${uri} is in no file system that is configured.`,
        fix: `Use store://... (relative to storage.root), or one of ${known}.`,
      });
    }
    systems[address.scheme]?.check(address);
    return formatUri(address);
  };
  systems[base.scheme]?.check(base);
  const systemOf = (resolved: string): FileSystem => systems[parseUri(resolved).scheme] as FileSystem; // resolve() has looked
  const at = <T>(uri: string, work: (system: FileSystem, resolved: string) => Promise<T>): Promise<T> => {
    const resolved = resolve(uri);
    return work(systemOf(resolved), resolved);
  };
  return {
    resolve,
    read: async (uri, options) => at(uri, (system, resolved) => system.read(resolved, options)),
    async *readStream(uri, options) {
      const resolved = resolve(uri);
      yield* systemOf(resolved).readStream(resolved, options);
    },
    readRanges: async (uri, ranges, options) => at(uri, (system, resolved) => system.readRanges(resolved, ranges, options)),
    write: async (uri, content, options) => at(uri, (system, resolved) => system.write(resolved, content, options)),
    stat: async (uri) => at(uri, (system, resolved) => system.stat(resolved)),
    list: async (uri) => at(uri, (system, resolved) => system.list(resolved)),
    remove: async (uri, options) => at(uri, (system, resolved) => system.remove(resolved, options)),
    makeFolder: async (uri) => at(uri, (system, resolved) => system.makeFolder(resolved)),
    checksum: async (uri) => at(uri, (system, resolved) => system.checksum(resolved)),
    setPermission: async (uri, mode) => at(uri, (system, resolved) => system.setPermission(resolved, mode)),
    async renameFolder(from, to) {
      const [source, target] = inOne(resolve(from), resolve(to));
      await systemOf(source).renameFolder(source, target);
    },
    async concat(to, from) {
      const target = resolve(to);
      await systemOf(target).concat(
        target,
        from.map((uri) => inOne(resolve(uri), target)[0]),
      );
    },
  };
}

/** Throws HDL-BAD-URI for addresses of two file systems. */
function inOne(source: string, target: string): [string, string] {
  const [a, b] = [parseUri(source), parseUri(target)];
  if (a.scheme === b.scheme && a.authority === b.authority) return [source, target];
  throw new HeddleError('HDL-BAD-URI', { what: `${source} cannot become ${target}: they are in two file systems.` });
}
