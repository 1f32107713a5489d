/** The partitions that lie in a dataset's folder, of a set that leaves dimensions open: dynamic keys, or time. Names alone are looked at. Server. */
import type { KeySet } from '../../calendar/keys-of.ts';
import { checkKey, type Key } from '../../calendar/partition-scope.ts';
import type { DatasetDef } from '../../dsl/plan/types.ts';
import { isHeddleError } from '../../dsl/errors/heddle-error.ts';
import type { Store } from '../store.ts';
import { childUri, nameOfUri } from '../uri.ts';
import { dimensionPrefix, keyOfPath } from './partition-path.ts';

const AT_ONCE = 16;

/** In the order of the set, then of the folders' names. A folder whose name is no key of the dataset is passed over. Throws what the store throws. */
export async function keysPresent(store: Store, dataset: DatasetDef, { keys, open }: KeySet): Promise<Key[]> {
  if (open.length === 0) return [...keys];
  const root = store.resolve(dataset.uri);
  /** Folders below each folder, read once. */
  const below = new Map<string, Promise<string[]>>();
  const namesIn = (path: readonly string[]): Promise<string[]> => {
    const text = path.join('/');
    let names = below.get(text);
    if (!names) {
      names = store.list(childUri(root, ...path)).then((entries) => entries.filter(({ folder }) => folder).map(({ uri }) => nameOfUri(uri)));
      below.set(text, names);
    }
    return names;
  };
  const found: Key[] = [];
  for (let first = 0; first < keys.length; first += AT_ONCE) {
    const some = await Promise.all(keys.slice(first, first + AT_ONCE).map((key) => matching(dataset, key, namesIn)));
    found.push(...some.flat());
  }
  return found;
}

async function matching(dataset: DatasetDef, wanted: Key, namesIn: (path: readonly string[]) => Promise<string[]>): Promise<Key[]> {
  let paths: readonly (readonly string[])[] = [[]];
  for (const name of Object.keys(dataset.partitions)) {
    const prefix = dimensionPrefix(name);
    const fixed = wanted[name];
    const next: (readonly string[])[] = [];
    for (const path of paths)
      for (const folder of (await namesIn(path)).toSorted())
        if (folder.startsWith(prefix) && (fixed === undefined || keyOfPath({ name: dataset.name, partitions: only(dataset, name) }, folder)?.[name] === fixed))
          next.push([...path, folder]);
    paths = next;
  }
  return paths.map((path) => keyOfPath(dataset, path.join('/'))).filter((key) => key !== null && isKey(dataset, key)) as Key[]; // the filter leaves keys
}

const only = ({ partitions }: DatasetDef, name: string): DatasetDef['partitions'] => ({ [name]: partitions[name] ?? { kind: 'dynamic' } });

function isKey(dataset: DatasetDef, key: Key): boolean {
  try {
    checkKey(dataset.partitions, key);
    return true;
  } catch (error) {
    if (isHeddleError(error)) return false;
    throw error;
  }
}
