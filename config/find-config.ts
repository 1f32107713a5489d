/** Finds heddle.config.ts: in the working folder or the nearest one above it. */
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

export const CONFIG_NAMES = ['heddle.config.ts', 'heddle.config.mts', 'heddle.config.js', 'heddle.config.mjs'] as const;

/** Absolute path, or null when no folder up to the root has one. */
export function findConfig(cwd: string): string | null {
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    for (const name of CONFIG_NAMES) {
      const file = join(folder, name);
      if (existsSync(file)) return file;
    }
    if (dirname(folder) === folder) return null;
  }
}
