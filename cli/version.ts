/** This package's folder and version, whether it runs from sources or from dist/. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Folder that holds package.json. */
export function packageFolder(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
}

/** True in a checkout, where the sources run as they are. */
export const isCheckout = (): boolean => existsSync(join(packageFolder(), 'cli', 'main.ts'));

export function version(): string {
  const { version: text } = JSON.parse(readFileSync(join(packageFolder(), 'package.json'), 'utf8')) as { version: string }; // every package.json has one
  return text;
}
