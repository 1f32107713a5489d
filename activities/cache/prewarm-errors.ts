/** Why a version of a cache is not served, or not any more: the errors that end a prewarming. Worker side; steps throw them. */
import { HeddleError } from '../../dsl/errors/heddle-error.ts';

interface Place {
  /** The cache, without passwords. */
  readonly where: string;
  readonly version: string;
  /** What was served when the run began. */
  readonly from: string | null;
}
const whereOf = ({ where, version }: Place): string => `${where}, version ${version}`;
const notServed = ({ from }: Pick<Place, 'from'>): string => `It is not served. What is served stays: ${from ?? 'nothing'}.`;

/** `what`: the counts. */
export const notVerified = (place: Place, what: string): HeddleError =>
  new HeddleError('HDL-CACHE-VERIFY', { what, where: whereOf(place), why: notServed(place) });

/** After the swap, and there is no better version to go back to. */
export const nothingBetter = (place: Place, what: string): HeddleError =>
  new HeddleError('HDL-CACHE-VERIFY', {
    what,
    where: whereOf(place),
    why: 'Readers get what is left of the version. If entries are missing from both, something empties the cache from outside.',
  });

export const swappedBack = (place: Place & { readonly from: string }, reason: string): HeddleError =>
  new HeddleError('HDL-CACHE-SWAPPED-BACK', { what: `Version ${place.from} is served again, in place of ${place.version}: ${reason}.`, where: whereOf(place) });

/** `where`: the file, or the version. */
export const modelChanged = (what: string, where: string): HeddleError =>
  new HeddleError('HDL-CACHE-MODEL-CHANGED', {
    what,
    where,
    why: 'The predictions would be of a model that is not in use, or of two. They are not served; what is served stays.',
  });
