/** Finds a project's pipeline files by the globs of its configuration. Tests and declarations beside them are left out. */
import { globSync } from 'node:fs';
import { resolve, sep } from 'node:path';

const NEVER = /(\.d\.[cm]?ts|\.(test|spec)\.[cm]?[tj]s)$/;
const SOURCE = /\.[cm]?[tj]s$/;

/** Absolute paths, sorted. */
export function findFiles(folder: string, globs: readonly string[]): string[] {
  const found = globSync([...globs], { cwd: folder, exclude: (name) => name === 'node_modules' || name === '.heddle' });
  const files = found.filter((file) => SOURCE.test(file) && !NEVER.test(file) && !file.split(sep).includes('node_modules'));
  return [...new Set(files.map((file) => resolve(folder, file)))].sort();
}
