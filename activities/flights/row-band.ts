/** A day's row count must lie near those of the days before it: the flights file's last day has 6 flights. Pure; worker side. */

/** Days of history that a judgement needs. */
const MIN_DAYS = 7;
const LOWEST = 0.5;
const HIGHEST = 2;

/** `byDay`: day -> its flights. Throws when `rows` is under half or over twice their mean. */
export function checkRowBand(rows: number, byDay: ReadonlyMap<number, number>): void {
  if (byDay.size < MIN_DAYS) return;
  const mean = [...byDay.values()].reduce((sum, flights) => sum + flights, 0) / byDay.size;
  if (rows >= LOWEST * mean && rows <= HIGHEST * mean) return;
  throw new Error(`the day has ${rows} flights, and the ${byDay.size} days before it ${Math.round(mean)} on the mean: it looks incomplete or doubled`);
}
