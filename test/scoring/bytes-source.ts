/** A file in memory as scoring reads it. */
import type { RangeSource } from '../../activities/scoring/columns/column-info.ts';

export const bytesSource = (name: string, bytes: Uint8Array): RangeSource => ({
  name,
  bytes: bytes.length,
  read: async (offset, length) => bytes.subarray(offset, offset + length),
});
