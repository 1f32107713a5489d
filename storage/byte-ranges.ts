/** Ranges of a file put together, so that one request brings several. Pure; file systems behind a network import this. */
import type { ByteRange } from './file-system.ts';

export interface RangeGroup {
  readonly offset: number;
  readonly length: number;
  /** Indexes of the ranges in it. */
  readonly members: readonly number[];
}

/** Groups whose gaps are at most `gap` bytes and which are at most `most` bytes long (a longer range stands alone), by offset. */
export function groupRanges(ranges: readonly Required<ByteRange>[], { gap, most }: { readonly gap: number; readonly most: number }): RangeGroup[] {
  const groups: { offset: number; end: number; members: number[] }[] = [];
  const order = ranges.map((_, i) => i).toSorted((a, b) => (ranges[a]?.offset ?? 0) - (ranges[b]?.offset ?? 0));
  for (const index of order) {
    const { offset, length } = ranges[index] as Required<ByteRange>; // indexes of this very array
    const last = groups.at(-1);
    if (last && offset <= last.end + gap && Math.max(last.end, offset + length) - last.offset <= most) {
      last.end = Math.max(last.end, offset + length);
      last.members.push(index);
    } else groups.push({ offset, end: offset + length, members: [index] });
  }
  return groups.map(({ offset, end, members }) => ({ offset, length: end - offset, members }));
}
