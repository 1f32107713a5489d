/** Things that happen at virtual times, earliest first, then in the order in which they were put in. No real time passes. */

export class VirtualClock<T> {
  private readonly heap: { at: number; seq: number; what: T }[] = [];
  private seq = 0;
  now: number;
  constructor(now: number) {
    this.now = now;
  }

  get length(): number {
    return this.heap.length;
  }

  put(at: number, what: T): void {
    const entry = { at, seq: this.seq++, what };
    let i = this.heap.push(entry) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (before(this.heap[parent] as typeof entry, entry)) break;
      this.heap[i] = this.heap[parent] as typeof entry;
      i = parent;
    }
    this.heap[i] = entry;
  }

  /** The next one; the clock moves to it. */
  take(): T | undefined {
    const first = this.heap[0];
    const last = this.heap.pop();
    if (!first || !last) return undefined;
    if (this.heap.length > 0) {
      let i = 0;
      for (;;) {
        let child = 2 * i + 1;
        if (child >= this.heap.length) break;
        if (child + 1 < this.heap.length && before(this.heap[child + 1] as typeof last, this.heap[child] as typeof last)) child++;
        if (before(last, this.heap[child] as typeof last)) break;
        this.heap[i] = this.heap[child] as typeof last;
        i = child;
      }
      this.heap[i] = last;
    }
    this.now = Math.max(this.now, first.at);
    return first.what;
  }
}
const before = (a: { at: number; seq: number }, b: { at: number; seq: number }): boolean => a.at < b.at || (a.at === b.at && a.seq < b.seq);
