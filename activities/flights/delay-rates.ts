/**
 * Point-in-time delay rates of origin, destination and route over the 7 and the 28 days before a day. Only counts dated
 * before the as-of time are taken; a later one throws. Pure; worker side.
 */

/** What of counts is read: a batch of the dataset, or RouteCounts. */
export interface CountsBatch {
  readonly numRows: number;
  readonly columns: {
    readonly day: ArrayLike<number>;
    readonly origin: ArrayLike<string>;
    readonly destination: ArrayLike<string>;
    readonly flights: ArrayLike<number>;
    readonly late: ArrayLike<number>;
    readonly distance: ArrayLike<number>;
  };
}
/** Flights and late ones, in the last 7 and the last 28 days. */
interface Tally {
  flights7: number;
  late7: number;
  flights28: number;
  late28: number;
}
export interface RouteTally extends Tally {
  readonly origin: string;
  readonly destination: string;
  distance: number;
}
/** Rates in the order of the feature columns. */
export interface Rates {
  readonly origin7: number;
  readonly origin28: number;
  readonly destination7: number;
  readonly destination28: number;
  readonly route7: number;
  readonly route28: number;
}

const DAY_S = 86_400;
/** Weight of the prior, in flights: an airport or route with as many flights lies half-way between the two. */
const AIRPORT_PRIOR = 50;
const ROUTE_PRIOR = 30;
/** Share of late flights where nothing at all is known. */
const NO_HISTORY_RATE = 0.2;

export class DelayRates {
  /** Seconds since the epoch: nothing dated from here on is taken. */
  readonly asOf: number;
  readonly routes = new Map<string, RouteTally>();
  /** First second of a day -> its flights. */
  readonly flightsByDay = new Map<number, number>();
  private readonly origins = new Map<string, Tally>();
  private readonly destinations = new Map<string, Tally>();
  private readonly all: Tally = tally();

  constructor(asOf: number) {
    this.asOf = asOf;
  }

  /** Throws an AsOfError for a row that is not dated before the as-of time. Rows older than 28 days are left out. */
  add({ numRows, columns }: CountsBatch): void {
    for (let i = 0; i < numRows; i++) {
      const day = Number(columns.day[i]);
      const age = this.asOf - day;
      if (age <= 0) throw new AsOfError(`a count dated ${iso(day)}`, this.asOf);
      if (age > 28 * DAY_S) continue;
      const recent = age <= 7 * DAY_S;
      const flights = Number(columns.flights[i]);
      const late = Number(columns.late[i]);
      this.flightsByDay.set(day, (this.flightsByDay.get(day) ?? 0) + flights);
      const origin = columns.origin[i]!;
      const destination = columns.destination[i]!;
      const route = this.route(origin, destination);
      route.distance = Number(columns.distance[i]);
      bump(route, flights, late, recent);
      bump(known(this.origins, origin), flights, late, recent);
      bump(known(this.destinations, destination), flights, late, recent);
      bump(this.all, flights, late, recent);
    }
  }

  /** Smoothed toward the global rate of the 28 days; routes toward the mean of their two airports. */
  of(origin: string, destination: string): Rates {
    const { all } = this;
    const global = all.flights28 === 0 ? NO_HISTORY_RATE : all.late28 / all.flights28;
    const from = this.origins.get(origin);
    const to = this.destinations.get(destination);
    const route = this.routes.get(`${origin}-${destination}`);
    const origin28 = smooth(from?.late28, from?.flights28, global, AIRPORT_PRIOR);
    const destination28 = smooth(to?.late28, to?.flights28, global, AIRPORT_PRIOR);
    const route28 = smooth(route?.late28, route?.flights28, (origin28 + destination28) / 2, ROUTE_PRIOR);
    return {
      origin7: smooth(from?.late7, from?.flights7, origin28, AIRPORT_PRIOR),
      origin28,
      destination7: smooth(to?.late7, to?.flights7, destination28, AIRPORT_PRIOR),
      destination28,
      route7: smooth(route?.late7, route?.flights7, route28, ROUTE_PRIOR),
      route28,
    };
  }

  private route(origin: string, destination: string): RouteTally {
    const key = `${origin}-${destination}`;
    const found = this.routes.get(key);
    if (found) return found;
    const made = { ...tally(), origin, destination, distance: 0 };
    this.routes.set(key, made);
    return made;
  }
}

/** A row that nobody could have known at the as-of time. */
export class AsOfError extends Error {
  constructor(what: string, asOf: number) {
    super(`${what} is not before the as-of time ${iso(asOf)}: it would leak the future into the features`);
    this.name = 'AsOfError';
  }
}
const iso = (seconds: number): string => new Date(seconds * 1000).toISOString();
const tally = (): Tally => ({ flights7: 0, late7: 0, flights28: 0, late28: 0 });
function known(tallies: Map<string, Tally>, key: string): Tally {
  const found = tallies.get(key);
  if (found) return found;
  const made = tally();
  tallies.set(key, made);
  return made;
}
function bump(to: Tally, flights: number, late: number, recent: boolean): void {
  to.flights28 += flights;
  to.late28 += late;
  if (!recent) return;
  to.flights7 += flights;
  to.late7 += late;
}
const smooth = (late = 0, flights = 0, prior: number, weight: number): number => (late + weight * prior) / (flights + weight);
