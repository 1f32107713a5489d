/**
 * Hive-style paths: day=2001-03-01/wiki=en, in the order of the dataset's dimensions. Values are escaped as Hive and Spark
 * escape them, so that they find the folders: 'hour=2001-10-28T01+02%3A00' is the folder's name on the disk.
 */
import { checkKey, type Key } from '../../calendar/partition-scope.ts';
import type { DatasetDef, JsonObject } from '../../dsl/plan/types.ts';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import { childUri } from '../uri.ts';

type Partitioned = Pick<DatasetDef, 'name' | 'partitions'>;

/** Throws HDL-BAD-KEY for a key that is none of the dataset's; more fields than its dimensions do no harm. */
export function partitionPath(dataset: Partitioned, key: JsonObject): string {
  return Object.entries(partitionKey(dataset, key))
    .map(([name, value]) => `${escaped(name)}=${escaped(value)}`)
    .join('/');
}

/** The dataset's own dimensions of a key, in their order, checked. Throws HDL-BAD-KEY. */
export function partitionKey(dataset: Partitioned, key: JsonObject): Key {
  const own: Record<string, string> = {};
  for (const name of Object.keys(dataset.partitions)) {
    const value = key[name];
    if (typeof value === 'string') own[name] = value;
  }
  try {
    return checkKey(dataset.partitions, own);
  } catch (error) {
    throw error instanceof HeddleError
      ? new HeddleError('HDL-BAD-KEY', { what: error.what, where: `dataset ${dataset.name}, key ${JSON.stringify(key)}`, fix: error.fix, cause: error })
      : error;
  }
}

/** null for a path that is none of this dataset's. */
export function keyOfPath(dataset: Partitioned, path: string): Record<string, string> | null {
  const names = Object.keys(dataset.partitions);
  const parts = path.split('/');
  if (parts.length !== names.length) return null;
  const key: Record<string, string> = {};
  for (const [i, name] of names.entries()) {
    const prefix = `${escaped(name)}=`;
    const part = parts[i] ?? '';
    if (!part.startsWith(prefix) || part.length === prefix.length) return null;
    key[name] = part.slice(prefix.length).replaceAll(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  }
  return key;
}

/** Address of a partition's folder below the dataset's resolved root. */
export const partitionUri = (root: string, path: string): string => childUri(root, ...path.split('/'));

/** The prefix of the folders of a dimension. */
export const dimensionPrefix = (name: string): string => `${escaped(name)}=`;

/** Hive's own list of characters (FileUtils.escapePathName); a name of dots alone would lead elsewhere. */
const escaped = (text: string): string => text.replaceAll(/[\u0001-\u001f\u007f"#%'*/:=?\\{[\]^]/g, hex).replace(/^\.+$/, (dots) => dots.replaceAll('.', hex));
const hex = (char: string): string => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
