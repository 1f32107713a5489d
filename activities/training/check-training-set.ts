/** Checks before anything is trained: enough rows, no holes, both labels there. Pure; worker side. */
import type { TrainingSet } from './training-set.ts';

const MIN_ROWS = 1_000;
const RATES = { low: 0.05, high: 0.5 } as const;

/** Throws with what is wrong. `part` names the split for the message. */
export function checkTrainingSet(set: TrainingSet, part: string): void {
  if (set.rows < MIN_ROWS) throw new Error(`the ${part} part has ${set.rows} rows; at least ${MIN_ROWS} are needed`);
  let late = 0;
  for (let i = 0; i < set.rows; i++) late += set.y[i]!;
  const rate = late / set.rows;
  if (rate < RATES.low || rate > RATES.high)
    throw new Error(`${(100 * rate).toFixed(1)} % of the flights of the ${part} part are late; ${100 * RATES.low} to ${100 * RATES.high} % are plausible`);
  const hole = set.x.findIndex((value) => !Number.isFinite(value));
  if (hole >= 0)
    throw new Error(`the ${part} part has no number in row ${Math.floor(hole / set.features.length)}, feature ${set.features[hole % set.features.length]}`);
}
