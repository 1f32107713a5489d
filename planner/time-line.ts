/**
 * The partitions of one dimension of time over a range, in their order, with their places: what lies at a place, which place a
 * key has, and where a window of time begins. Pure.
 */
import { formatTime, parseTime, shiftTime, startOf, type TimePartition } from '../calendar/time-grain.ts';
import { spanStart } from '../calendar/time-span.ts';
import type { DimensionDef } from '../dsl/plan/types.ts';

export class TimeLine {
  readonly texts: string[] = [];
  private readonly parts: TimePartition[] = [];
  private readonly places = new Map<string, number>();
  private readonly earliest: number;

  /** From the partition that holds the first instant to the one that begins before the end; none before the dimension's start. */
  constructor(
    name: string,
    def: DimensionDef,
    from: string,
    to: string,
    margin: { readonly before: number; readonly span: string | null; readonly after: number },
  ) {
    const { start: _start, ...endless } = def;
    this.earliest = startOf(def).startMs;
    let first = parseTime(name, endless, from);
    for (let i = 0; i < margin.before; i++) first = shiftTime(first, -1);
    if (margin.span !== null) first = spanStart(first, margin.span, this.earliest);
    let last = parseTime(name, endless, to);
    for (let i = 0; i < margin.after; i++) last = shiftTime(last, 1);
    for (let part = first; part.startMs <= last.startMs; part = shiftTime(part, 1)) {
      const text = formatTime(part);
      this.places.set(text, this.texts.length);
      this.texts.push(text);
      this.parts.push(part);
    }
  }

  /** -1: beyond the range. */
  place(text: string): number {
    return this.places.get(text) ?? -1;
  }
  /** The first place of the window of `span` that ends where the partition at `end` begins (or at the end of the range). */
  windowStart(end: number, span: string): number {
    const at = this.parts[end] ?? shiftTime(this.parts.at(-1) as TimePartition, 1); // there is one: the range holds a partition
    const { startMs } = spanStart(at, span, this.earliest);
    let [low, high] = [0, end];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.parts[middle]?.startMs ?? 0) < startMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
