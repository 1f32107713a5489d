/**
 * One interface over file systems. URIs: store://a/b is <storage root>/<project>/a/b; file:///abs is a local path. Used by
 * workers and the server; the only way to bytes for everything above it.
 */
import { isAbsolute, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { HeddleError } from '../dsl/errors/heddle-error.ts';
import { fileStore } from './file-store.ts';

export interface StoreEntry {
  /** Resolved. */
  readonly uri: string;
  readonly bytes: number;
  readonly mtimeMs: number;
  readonly folder: boolean;
}
export interface Store {
  /** store:// -> an absolute URI. Throws HDL-BAD-URI for an unknown scheme or a path that leaves its root. */
  resolve(uri: string): string;
  /** All of a file, or a range of it. Throws HDL-NOT-FOUND. */
  read(uri: string, range?: { readonly offset?: number; readonly length?: number }): Promise<Uint8Array>;
  /** Atomic: a reader sees the old file or the new one. Digest: 'sha256:...'. */
  write(uri: string, content: Uint8Array | AsyncIterable<Uint8Array>): Promise<{ readonly bytes: number; readonly digest: string }>;
  stat(uri: string): Promise<StoreEntry | null>;
  /** By name; [] for a folder that does not exist. */
  list(uri: string): Promise<StoreEntry[]>;
  /** One rename. Throws HDL-PARTITION-EXISTS when the target exists (it never nests), HDL-NOT-FOUND without a source. */
  renameFolder(from: string, to: string): Promise<void>;
  /** Says nothing about what is not there. */
  remove(uri: string, options?: { readonly recursive?: boolean }): Promise<void>;
  makeFolder(uri: string): Promise<void>;
}

/** `root`: a folder or a file: URI. */
export function openStore({ root, project }: { readonly root: string; readonly project: string }): Store {
  const base = rootUri(root);
  return fileStore(`${base}/${encodeURIComponent(project)}`);
}

function rootUri(root: string): string {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//.exec(root)?.[1];
  if (scheme === undefined) return pathToFileURL(isAbsolute(root) ? root : resolve(root)).href.replace(/\/$/, '');
  if (scheme === 'file') return root.replace(/\/$/, '');
  throw new HeddleError('HDL-BAD-URI', {
    what: `storage.root is ${root}: there is no file system for ${scheme}://.`,
    where: 'storage.root (HEDDLE_STORAGE_ROOT)',
    fix: 'Use a folder or file:///...',
  });
}
