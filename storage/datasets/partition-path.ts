/** Hive-style paths: day=2001-03-01/wiki=en, values percent-encoded. The order is the dataset's. */
import type { DatasetDef, JsonObject } from '../../dsl/plan/types.ts';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';

export function partitionPath(dataset: DatasetDef, key: JsonObject): string {
  return Object.keys(dataset.partitions)
    .map((name) => {
      const value = key[name];
      if (typeof value !== 'string' || value === '') throw new HeddleError('HDL-BAD-KEY', { what: `The key of ${dataset.name} names no ${name}.` });
      return `${encodeURIComponent(name)}=${encodeURIComponent(value)}`;
    })
    .join('/');
}

/** null for a path that is none of this dataset's. */
export function keyOfPath(dataset: DatasetDef, path: string): Record<string, string> | null {
  const names = Object.keys(dataset.partitions);
  const parts = path.split('/');
  if (parts.length !== names.length) return null;
  const key: Record<string, string> = {};
  for (const [i, name] of names.entries()) {
    const prefix = `${encodeURIComponent(name)}=`;
    const part = parts[i] ?? '';
    if (!part.startsWith(prefix)) return null;
    key[name] = decodeURIComponent(part.slice(prefix.length));
  }
  return key;
}
