/**
 * What a file system must do to carry the store. Addresses come resolved (see uri.ts). test/storage/store-conformance.ts holds
 * the promises; each implementation passes it. Implementations and store.ts import this.
 */
import type { Address } from './uri.ts';

export interface StoreEntry {
  /** Resolved. */
  readonly uri: string;
  /** 0 for a folder. */
  readonly bytes: number;
  readonly mtimeMs: number;
  readonly folder: boolean;
}
/** Bytes of a file, from `offset` (default 0), `length` of them (default: to the end). */
export interface ByteRange {
  readonly offset?: number;
  readonly length?: number;
}
export interface CallOptions {
  /** Ends the call with the signal's reason. */
  readonly signal?: AbortSignal;
}

export interface FileSystem {
  /** All of a file, or a range of it, cut at its end. Throws HDL-NOT-FOUND. */
  read(uri: string, options?: ByteRange & CallOptions): Promise<Uint8Array>;
  /** The same in parts, as they come, with bounded memory. A connection that breaks is taken up where it broke. */
  readStream(uri: string, options?: ByteRange & CallOptions): AsyncIterable<Uint8Array>;
  /** Ranges of one file, each cut at its end, in the order asked. Those close to each other take one request, a few go at once. */
  readRanges(uri: string, ranges: readonly Required<ByteRange>[], options?: CallOptions): Promise<Uint8Array[]>;
  /** Atomic: a reader sees the old file or the new one. Makes the folders above. Digest: 'sha256:...'. A stream takes bounded memory. */
  write(uri: string, content: Uint8Array | AsyncIterable<Uint8Array>, options?: CallOptions): Promise<{ readonly bytes: number; readonly digest: string }>;
  stat(uri: string): Promise<StoreEntry | null>;
  /** By name; [] for a folder that does not exist. */
  list(uri: string): Promise<StoreEntry[]>;
  /** One rename. Throws HDL-PARTITION-EXISTS when the target exists (it never nests), HDL-NOT-FOUND without a source. */
  renameFolder(from: string, to: string): Promise<void>;
  /** Says nothing about what is not there. */
  remove(uri: string, options?: { readonly recursive?: boolean }): Promise<void>;
  makeFolder(uri: string): Promise<void>;
  /** 'ALGORITHM:...' of a file, made where it lies. Equal files of one file system have equal ones. Throws HDL-NOT-FOUND. */
  checksum(uri: string): Promise<string>;
  /** `mode`: permission bits, for instance 0o750. Throws HDL-NOT-FOUND. */
  setPermission(uri: string, mode: number): Promise<void>;
  /** Appends files of the target's folder to it, in this order, and removes them; none may be empty. Throws HDL-NOT-FOUND. */
  concat(target: string, sources: readonly string[]): Promise<void>;
}

/** A file system as openStore takes it. */
export interface MountedFileSystem extends FileSystem {
  /** Throws HDL-BAD-URI for a host that it does not have, HDL-HDFS-NAME for a name that no file there can have. */
  check(address: Address): void;
}
