/**
 * In a checkout of Heddle: gives a new project links to this checkout and to its compiler and Node, so that it runs before
 * any `npm install`. npm replaces the links when it is run.
 */
import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { packageFolder } from '../version.ts';

/** False where the checkout has no packages installed, or the file system no links. */
export function linkPackages(project: string): boolean {
  const own = packageFolder();
  const links: readonly (readonly [name: string, target: string])[] = [
    ['heddle', own],
    ...['node', 'typescript', '@types/node'].map((name) => [name, join(own, 'node_modules', name)] as const),
    ['.bin/heddle', join(own, 'bin', 'heddle.mjs')],
    ...['node', 'tsc'].map((name) => [`.bin/${name}`, join(own, 'node_modules', '.bin', name)] as const),
  ];
  try {
    for (const [name, target] of links) {
      if (!existsSync(target)) continue;
      const link = join(project, 'node_modules', name);
      mkdirSync(dirname(link), { recursive: true });
      symlinkSync(target, link, process.platform === 'win32' ? 'junction' : null);
    }
    return true;
  } catch {
    return false;
  }
}
