/**
 * One budget of units that the classes of a pool share in one worker process. Before a poll a class needs a ticket; a step
 * that arrives takes its units. Nobody knows whether a class has work before it has polled, so a ticket for a poll costs
 * nothing; but a class that once had a step and no room for it has a claim, and claims are met in the order of their age:
 * nobody younger is let in before. Pure; slot-supplier.ts speaks to Temporal.
 */
export interface ClassLimits {
  readonly units: number;
  readonly slots: number;
}

interface Request {
  readonly klass: string;
  readonly since: number;
  grant(ticket: Ticket): void;
}
export interface Ticket {
  readonly klass: string;
  /** Units are set aside: the step that it brings has room for certain. */
  prepaid: boolean;
}
interface ClassState extends ClassLimits {
  running: number;
  tickets: number;
  /** When a step of this class last found no room; null: no claim. */
  claim: number | null;
  /** Units set aside for that many steps, and prepaid tickets that are out. */
  prepaid: number;
  prepaidTickets: number;
}

export class SlotBudget {
  private readonly classes: Map<string, ClassState>;
  private readonly waiting: Request[] = [];
  private readonly budget: number;
  private clock = 0;
  private used = 0;

  constructor(budget: number, classes: Readonly<Record<string, ClassLimits>>) {
    this.budget = budget;
    this.classes = new Map(
      Object.entries(classes).map(([name, limits]) => [name, { ...limits, running: 0, tickets: 0, claim: null, prepaid: 0, prepaidTickets: 0 }]),
    );
  }
  /** Units taken by steps or set aside for one. */
  get unitsUsed(): number {
    return this.used;
  }

  /** Calls `grant` with a ticket, now or later; the result takes the request back. */
  request(klass: string, grant: (ticket: Ticket) => void): () => void {
    const request: Request = { klass, since: this.clock++, grant };
    this.waiting.push(request);
    this.admit();
    return () => {
      const at = this.waiting.indexOf(request);
      if (at >= 0) this.waiting.splice(at, 1);
      this.admit();
    };
  }

  /** A step of the class has come. False: there is no room; it must go back to its queue, and the class has a claim now. */
  enter(klass: string): boolean {
    const state = this.state(klass);
    if (state.prepaid > 0) state.prepaid--;
    else if (this.fits(state) && this.oldestClaim(state) === null) this.used += state.units;
    else {
      state.claim ??= this.clock++;
      return false;
    }
    state.running++;
    state.claim = null;
    return true;
  }
  leave(klass: string): void {
    const state = this.state(klass);
    state.running--;
    this.used -= state.units;
    this.admit();
  }

  /** The poll is over, with or without a step. */
  release(ticket: Ticket, usedByStep: boolean): void {
    const state = this.state(ticket.klass);
    state.tickets--;
    if (ticket.prepaid) {
      state.prepaidTickets--;
      // It brought nothing, or what takes no units (a publish, a step that this worker has no task for): they are set aside for nobody.
      if (state.prepaid > state.prepaidTickets) {
        state.prepaid--;
        this.used -= state.units;
        if (!usedByStep) state.claim = null; // the step went elsewhere
      }
    }
    this.admit();
  }

  private admit(): void {
    // Requests of claims by the age of the claim, then the others by their own.
    const claimOf = ({ klass }: Request): number => this.state(klass).claim ?? Infinity;
    const ordered = this.waiting.toSorted((a, b) => claimOf(a) - claimOf(b) || a.since - b.since);
    for (const request of ordered) {
      const state = this.state(request.klass);
      if (state.tickets >= state.slots) continue; // as many as the class may have
      if (!this.fits(state)) {
        if (state.claim !== null) return; // its turn: nobody younger takes what is being freed
        continue;
      }
      const ticket: Ticket = { klass: request.klass, prepaid: state.claim !== null };
      if (ticket.prepaid) {
        this.used += state.units;
        state.prepaid++;
        state.prepaidTickets++;
        state.claim = null;
      }
      state.tickets++;
      this.waiting.splice(this.waiting.indexOf(request), 1);
      request.grant(ticket);
    }
  }
  private fits(state: ClassState): boolean {
    return this.used + state.units <= this.budget;
  }
  /** Age of the oldest claim of another class; null where there is none. */
  private oldestClaim(own: ClassState): number | null {
    let oldest: number | null = null;
    for (const state of this.classes.values())
      if (state !== own && state.claim !== null && (own.claim === null || state.claim < own.claim)) oldest = Math.min(oldest ?? Infinity, state.claim);
    return oldest;
  }
  private state(klass: string): ClassState {
    const state = this.classes.get(klass);
    if (!state) throw new Error(`no class ${klass}`);
    return state;
  }
}
