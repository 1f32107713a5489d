/**
 * What a file system must do to carry the store. Addresses come resolved (see uri.ts). test/storage/store-conformance.ts holds
 * the promises; each implementation passes it. Implementations and store.ts import this.
 */
export interface StoreEntry {
  /** Resolved. */
  readonly uri: string;
  /** 0 for a folder. */
  readonly bytes: number;
  readonly mtimeMs: number;
  readonly folder: boolean;
}

export interface FileSystem {
  /** All of a file, or a range of it, cut at its end. Throws HDL-NOT-FOUND. */
  read(uri: string, range?: { readonly offset?: number; readonly length?: number }): Promise<Uint8Array>;
  /** Atomic: a reader sees the old file or the new one. Makes the folders above. Digest: 'sha256:...'. */
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
