/** Lets so many entries a second through; the rate may change at any time. Pure but for the timer. */
import { setTimeout as sleep } from 'node:timers/promises';

export class TokenBucket {
  /** Entries a second. */
  rate: number;
  private tokens: number;
  private filledAt: number;
  private readonly now: () => number;

  /** At most half a second's worth is saved up. `now`: milliseconds. */
  constructor(rate: number, now: () => number = () => performance.now()) {
    this.rate = rate;
    this.now = now;
    this.tokens = rate / 2;
    this.filledAt = now();
  }

  /** Waits until `count` may go. More than there is room for leaves a debt, which the next one waits for. */
  async take(count: number): Promise<void> {
    for (;;) {
      this.fill();
      if (this.tokens > 0) break;
      // in pieces, so that a new rate is felt soon
      await sleep(Math.min(100, Math.max(1, (1_000 * -this.tokens) / this.rate)));
    }
    this.tokens -= count;
  }

  private fill(): void {
    const now = this.now();
    this.tokens = Math.min(this.rate / 2, this.tokens + ((now - this.filledAt) / 1_000) * this.rate);
    this.filledAt = now;
  }
}
