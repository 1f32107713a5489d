/** A local file as scoring reads it, and as it counts what was read. */
import { open } from 'node:fs/promises';
import type { RangeSource } from '../../activities/scoring/columns/column-info.ts';

export async function localSource(path: string): Promise<RangeSource & { readonly read: RangeSource['read']; close(): Promise<void> }> {
  const file = await open(path);
  return {
    name: path,
    bytes: (await file.stat()).size,
    async read(offset, length) {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, offset);
      return buffer.subarray(0, bytesRead);
    },
    close: () => file.close(),
  };
}
export const bytesSource = (name: string, bytes: Uint8Array): RangeSource => ({
  name,
  bytes: bytes.length,
  read: async (offset, length) => bytes.subarray(offset, offset + length),
});
