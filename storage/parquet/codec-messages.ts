/** What the main thread and the codec's thread say to each other. Every array of bytes is transferred, never copied. */

export type Codec = 'zstd' | 'snappy';
/** How one column is written; 'plain' where nothing better is known. */
export type ColumnEncoding = 'plain' | 'dictionary' | 'delta';
export interface FileLayout {
  readonly codec: Codec;
  readonly rowsPerGroup: number;
  readonly encodings: Readonly<Record<string, ColumnEncoding>>;
}

export type ToCodec =
  /** Answered by `decoded` with the schema alone, as an IPC stream. */
  | { readonly id: number; readonly op: 'schema'; readonly file: Uint8Array }
  | {
      readonly id: number;
      readonly op: 'decode';
      readonly file: Uint8Array;

      readonly batchRows: number;
      readonly from: number;
      readonly rows: number;
    }
  /** A file to write: the thread asks for a batch (`want`) until `last`, and gives `bytes` as they come, then `done`. */
  | { readonly id: number; readonly op: 'open'; readonly layout: FileLayout }
  | { readonly id: number; readonly op: 'batch'; readonly ipc: Uint8Array }
  | { readonly id: number; readonly op: 'last' }
  | { readonly id: number; readonly op: 'drop' };

export type FromCodec = (
  | { readonly op: 'decoded'; readonly ipc: Uint8Array }
  | { readonly op: 'want' }
  | { readonly op: 'bytes'; readonly bytes: Uint8Array }
  | { readonly op: 'done' }
  /** `fatal`: the instance is not to be trusted any more. */
  | { readonly op: 'failed'; readonly message: string; readonly fatal: boolean }
) & {
  readonly id: number;
  /** Linear memory of the instance: it never shrinks. */
  readonly heapBytes: number;
};
