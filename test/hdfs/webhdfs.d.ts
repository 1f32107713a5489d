/** The part of the npm package `webhdfs` 1.2.0 that the oracle uses; it has no types of its own. */
declare module 'webhdfs' {
  import type { Readable, Writable } from 'node:stream';
  interface Client {
    createReadStream(path: string): Readable;
    createWriteStream(path: string): Writable;
    readdir(path: string, done: (error: Error | null, files: { readonly pathSuffix: string; readonly length: number }[]) => void): void;
  }
  const webhdfs: { createClient(options: { readonly user: string; readonly host: string; readonly port: number; readonly path: string }): Client };
  export default webhdfs;
}
