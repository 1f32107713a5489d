/** Versions of packages as the project has them locked: package-lock.json, else what is installed. For task digests. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

interface LockEntry {
  readonly version?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** Gives 'name@version' for the packages and all that they need, sorted. This library itself is left out: it is not the task's code. */
export function lockedVersions(folder: string): (names: readonly string[]) => string[] {
  const locked = (readJson(join(folder, 'package-lock.json')) as { readonly packages?: Readonly<Record<string, LockEntry>> } | null)?.packages;
  const entryOf = (name: string): LockEntry | null =>
    locked?.[`node_modules/${name}`] ?? (readJson(join(folder, 'node_modules', name, 'package.json')) as LockEntry | null);
  return (names) => {
    const found = new Map<string, string>();
    const visit = (name: string): void => {
      if (found.has(name) || name === 'heddle' || name.startsWith('node:')) return;
      const entry = entryOf(name);
      found.set(name, entry?.version ?? 'unknown');
      for (const next of Object.keys(entry?.dependencies ?? {})) visit(next);
    };
    for (const name of names) visit(name);
    return [...found].map(([name, version]) => `${name}@${version}`).sort();
  };
}

/** 'a/b/c' -> 'a', '@a/b/c' -> '@a/b'. */
export const packageOf = (path: string): string => (path.startsWith('@') ? path.split('/').slice(0, 2).join('/') : (path.split('/')[0] ?? path));

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as unknown;
  } catch {
    return null; // absent or broken: npm itself complains about the latter
  }
}
