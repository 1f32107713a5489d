/** The cells that a selection names: a range of time with all other dimensions, or a list, narrowed by values. Pure. */
import { formatKey, parseKey, type Dimensions, type Key } from '../calendar/partition-scope.ts';
import { keysBetween } from '../calendar/keys-of.ts';
import { boundsOf, formatTime, isGrain, partAt, parseTime, shiftTime, startOf } from '../calendar/time-grain.ts';
import { HeddleError } from '../dsl/errors/heddle-error.ts';
import type { DimensionDef } from '../dsl/plan/types.ts';

export interface Selection {
  readonly from: string | null;
  readonly to: string | null;
  readonly keys: readonly string[] | null;
  readonly where: Readonly<Record<string, readonly string[]>>;
}

/**
 * In the order of time, then of the other dimensions. `dynamic`: values of dynamic dimensions that are known. Throws
 * HDL-BACKFILL-RANGE for one that is empty or inverted, HDL-BAD-KEY for a key that does not fit.
 */
export function chooseKeys(dimensions: Dimensions, selection: Selection, now: number, dynamic: ReadonlyMap<string, readonly string[]>): Key[] {
  for (const name of Object.keys(selection.where))
    if (!Object.hasOwn(dimensions, name))
      throw new HeddleError('HDL-BACKFILL-RANGE', { what: `There is no dimension "${name}".`, fix: `It has: ${Object.keys(dimensions).join(', ')}.` });
  if (selection.keys) {
    const keys = selection.keys.map((text) => parseKey(dimensions, text));
    return unique(dimensions, keys).filter((key) => isWanted(selection, key));
  }
  let keys: Key[] = [{}];
  for (const [name, def] of Object.entries(dimensions)) {
    const values = isGrain(def.kind) ? timesOf(name, def, selection, now) : valuesOf(name, def, selection, dynamic);
    keys = keys.flatMap((key) => values.map((value) => ({ ...key, [name]: value })));
  }
  const chosen = keys.filter((key) => isWanted(selection, key));
  if (chosen.length === 0) throw new HeddleError('HDL-BACKFILL-RANGE', { what: 'The range holds no partition.', fix: 'Widen --from, --to or --where.' });
  return chosen;
}

function timesOf(name: string, def: DimensionDef, { from, to }: Selection, now: number): string[] {
  const only = { [name]: def };
  const first = from === null ? formatTime(startOf(def)) : (parseKey(only, from)[name] ?? '');
  const last = to === null ? lastEnded(name, def, now) : (parseKey(only, to)[name] ?? '');
  if (parseTime(name, def, first).startMs > parseTime(name, def, last).startMs)
    throw new HeddleError('HDL-BACKFILL-RANGE', { what: `The range from ${first} to ${last} ends before it begins.`, fix: 'Give the earlier key as --from.' });
  return keysBetween(only, { [name]: first }, { [name]: last }).map((key) => key[name] ?? '');
}

/** The last partition whose end has come. */
function lastEnded(name: string, def: DimensionDef, now: number): string {
  const running = partAt(startOf(def), now);
  const last = shiftTime(running, -1);
  if (last.startMs < startOf(def).startMs)
    throw new HeddleError('HDL-BACKFILL-RANGE', { what: `No partition of ${name} has ended yet: the first one ends at ${boundsOf(startOf(def)).end}.` });
  return formatTime(last);
}

function valuesOf(name: string, def: DimensionDef, { where }: Selection, dynamic: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const known = def.keys ?? where[name] ?? dynamic.get(name) ?? [];
  const wrong = def.keys && where[name]?.find((value) => !def.keys?.includes(value));
  if (wrong !== undefined) throw new HeddleError('HDL-BAD-KEY', { what: `"${wrong}" is no ${name}.`, fix: `Take one of ${def.keys?.join(', ') ?? ''}.` });
  if (known.length === 0)
    throw new HeddleError('HDL-BACKFILL-RANGE', {
      what: `The keys of ${name} are not known before they are published.`,
      fix: `Name them: --where ${name}=KEY.`,
    });
  return known;
}

const isWanted = ({ where }: Selection, key: Key): boolean => Object.entries(where).every(([name, values]) => values.includes(key[name] ?? ''));
function unique(dimensions: Dimensions, keys: readonly Key[]): Key[] {
  return [...new Map(keys.map((key) => [formatKey(dimensions, key), key])).values()];
}
