/** A window of the day, for instance 20:00 to 06:00, in a time zone. Server only. */
import { zoneClock } from './zone-clock.ts';

const DAY_MS = 86_400_000;

/** Whether it is open at an instant, and when that changes next. Equal ends: always open. Throws HDL-BAD-KEY for a zone that there is not. */
export function dayWindow(
  window: { readonly from: string; readonly to: string; readonly timezone: string },
  at: number,
): { readonly open: boolean; readonly until: number } {
  const clock = zoneClock(window.timezone);
  const [from, to] = [msOf(window.from), msOf(window.to)];
  const wall = clock.wall(at);
  const midnight = Math.floor(wall / DAY_MS) * DAY_MS;
  const time = wall - midnight;
  const open = from === to || (from < to ? time >= from && time < to : time >= from || time < to);
  const next = open ? to : from;
  // a time that the clock skips is reached at the end of the gap; one that comes twice, the first time
  let until = clock.reach(midnight + next);
  if (until <= at) until = clock.reach(midnight + DAY_MS + next);
  return { open, until };
}

const msOf = (time: string): number => (Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5))) * 60_000;
