/** Row counts of the published partitions nearest in time to one, the earlier first where two are as near. Workers. */
import { isGrain, parseTime } from '../../calendar/time-grain.ts';
import type { StagedPartition } from '../../dsl/contract/step.ts';
import { isHeddleError } from '../../dsl/errors/heddle-error.ts';
import type { Store } from '../store.ts';
import { childUri, nameOfUri } from '../uri.ts';
import { readManifest } from './manifest.ts';
import { keyOfPath, partitionUri } from './partition-path.ts';

/** Under the same keys of the other dimensions; at most `most`. [] for a dataset without a dimension of time. */
export async function neighbourRows(store: Store, staged: Omit<StagedPartition, 'at'>, path: string, most: number): Promise<number[]> {
  const partitions = staged.checks?.partitions ?? {};
  const names = Object.keys(partitions);
  const at = names.findIndex((name) => isGrain(partitions[name]?.kind ?? 'dynamic'));
  const name = names[at];
  const dimension = name === undefined ? undefined : partitions[name];
  if (name === undefined || !dimension) return [];
  const parts = path.split('/');
  const timeOf = (part: string): number | null => {
    try {
      const key = keyOfPath({ name: staged.dataset, partitions: { [name]: dimension } }, part)?.[name];
      return key === undefined ? null : parseTime(name, dimension, key).startMs;
    } catch (error) {
      if (isHeddleError(error)) return null; // a folder that is no partition
      throw error;
    }
  };
  const own = timeOf(parts[at] ?? '') ?? 0;
  const found = (await store.list(childUri(staged.uri, ...parts.slice(0, at)))).flatMap(({ uri, folder }) => {
    const part = nameOfUri(uri);
    const time = folder && part !== parts[at] ? timeOf(part) : null;
    return time === null ? [] : [{ part, away: Math.abs(time - own), time }];
  });
  const nearest = found.toSorted((a, b) => a.away - b.away || a.time - b.time).slice(0, most);
  const manifests = await Promise.all(nearest.map(({ part }) => readManifest(store, partitionUri(staged.uri, parts.with(at, part).join('/')))));
  return manifests.flatMap((one) => (one ? [one.manifest.rows] : []));
}
