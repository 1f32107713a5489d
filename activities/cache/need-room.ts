/** Is there room for a version beside those that are there? Worker side; steps call it before they write. */
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import type { CacheStore } from './cache-store.ts';

/** Never to the last byte: readers and other writers need some too. */
const MARGIN = 1.2;

/** Bytes that are free after it; null where the cache cannot say. Throws HDL-CACHE-FULL before anything is written. */
export async function needRoom(store: CacheStore, entries: number, keyBytes: number): Promise<number | null> {
  const { freeBytes, bytesPerEntry } = await store.space();
  const needed = Math.ceil(entries * bytesPerEntry(keyBytes) * MARGIN);
  if (freeBytes !== null && needed > freeBytes)
    throw new HeddleError('HDL-CACHE-FULL', {
      what: `A version of ${entries.toLocaleString('en-US')} entries takes about ${megabytes(needed)}, and ${megabytes(Math.max(0, freeBytes))} are free.`,
      where: store.where,
      why: 'Nothing was written. What is served stays.',
    });
  return freeBytes === null ? null : freeBytes - needed;
}
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
