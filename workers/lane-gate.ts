/**
 * Who may run in the slots of a class: live steps (scheduled and manual runs), and those of backfills. A backfill never holds
 * more than `most`, so that live work finds the rest free at once; where both wait, live goes first, but a backfill that holds
 * less than `least` goes before it. A class of one slot cannot be divided: there every fourth turn is the backfill's, if it
 * waits. A step that finds no room waits here for a while (its clock has not started), then goes back to its queue, for
 * another worker. Temporal's own polls are not steered: that would cost each step 0.3 ms. Pure; step-activity.ts uses it.
 */
import type { Lane } from '../dsl/contract/step.ts';

export interface LaneLimits {
  readonly slots: number;
  /** Slots that a waiting backfill gets whatever else waits. */
  readonly least: number;
  /** Slots that backfills hold at most. */
  readonly most: number;
}
interface Waiter {
  readonly lane: Lane;
  readonly grant: (admitted: boolean) => void;
}

/** A quarter each: as a backfill's guarantee, and as what is kept free of it. */
const SHARE = 0.25;

export function laneLimits(slots: number, given: { readonly least?: number | undefined; readonly most?: number | undefined } = {}): LaneLimits {
  const quarter = slots < 2 ? 0 : Math.max(1, Math.floor(slots * SHARE));
  const most = Math.min(slots, Math.max(1, given.most ?? slots - quarter));
  return { slots, most, least: Math.min(most, given.least ?? quarter) };
}

export class LaneGate {
  private readonly limits: LaneLimits;
  private readonly running: Record<Lane, number> = { live: 0, backfill: 0 };
  private readonly waiting: Record<Lane, Waiter[]> = { live: [], backfill: [] };
  /** Turns that a waiting backfill was passed over, in shares of one of its own. */
  private owed = 0;

  constructor(limits: LaneLimits) {
    this.limits = limits;
  }

  /** True at once where there is room; else when its turn comes; false after `patienceMs` or when `signal` aborts. */
  enter(lane: Lane, patienceMs: number, signal?: AbortSignal): true | Promise<boolean> {
    if (this.waiting[lane].length === 0 && this.isTurnOf(lane)) {
      this.start(lane);
      return true;
    }
    return new Promise((resolve) => {
      const end = (admitted: boolean): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', giveUp);
        resolve(admitted);
      };
      const waiter: Waiter = { lane, grant: end };
      const giveUp = (): void => {
        const at = this.waiting[lane].indexOf(waiter);
        if (at < 0) return;
        this.waiting[lane].splice(at, 1);
        end(false);
        this.admit(); // the other lane may have waited for this one's turn
      };
      const timer = setTimeout(giveUp, patienceMs);
      this.waiting[lane].push(waiter);
      if (signal?.aborted) giveUp();
      else signal?.addEventListener('abort', giveUp, { once: true });
    });
  }

  leave(lane: Lane): void {
    this.running[lane]--;
    this.admit();
  }

  private admit(): void {
    for (;;) {
      const lane = (['backfill', 'live'] as const).find((one) => this.waiting[one].length > 0 && this.isTurnOf(one));
      if (!lane) return;
      this.start(lane);
      this.waiting[lane].shift()?.grant(true);
    }
  }

  private isTurnOf(lane: Lane): boolean {
    const { running, waiting, limits } = this;
    if (running.live + running.backfill >= limits.slots) return false;
    const backfillsTurn = running.backfill < limits.least || this.owed >= 1;
    if (lane === 'backfill') return running.backfill < limits.most && (waiting.live.length === 0 || backfillsTurn);
    return waiting.backfill.length === 0 || !(running.backfill < limits.most && backfillsTurn);
  }

  private start(lane: Lane): void {
    this.running[lane]++;
    if (lane === 'backfill') this.owed = 0;
    else if (this.waiting.backfill.length > 0 && this.limits.least === 0) this.owed += SHARE;
  }
}
