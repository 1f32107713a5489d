/** Writes a new project from cli/template/: every file there, without its suffix, with the places in braces filled in. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import { isCheckout, packageFolder, version } from '../version.ts';
import { linkPackages } from './link-packages.ts';

export interface Scaffolded {
  readonly folder: string;
  readonly files: readonly string[];
  /** True when the project runs as it is; false when its packages must be installed first. */
  readonly linked: boolean;
}

const SUFFIX = '.template';

/** Throws HDL-FOLDER-NOT-EMPTY, HDL-USAGE for a name that cannot be one. `heddle` overrides what package.json depends on. */
export function scaffold(target: string, heddle?: string): Scaffolded {
  const folder = resolve(target);
  const found = existsSync(folder) ? readdirSync(folder) : [];
  if (found.length > 0)
    throw new HeddleError('HDL-FOLDER-NOT-EMPTY', {
      what: `${folder} holds ${found.length === 1 ? `"${found[0]}"` : `${found.length} entries, "${found[0]}" among them`}.`,
      where: folder,
    });
  const values = valuesFor(folder, heddle);
  const template = join(packageFolder(), 'cli', 'template');
  const files: string[] = [];
  for (const entry of readdirSync(template, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith(SUFFIX)) continue;
    const from = join(entry.parentPath, entry.name);
    const name = relative(template, from)
      .slice(0, -SUFFIX.length)
      .replace(/^gitignore$/, '.gitignore'); // npm leaves out a file of that name
    const to = join(folder, name);
    mkdirSync(dirname(to), { recursive: true });
    writeFileSync(
      to,
      readFileSync(from, 'utf8').replaceAll(/\{\{([^}]+)\}\}/g, (all, key: string) => values[key] ?? all),
    );
    files.push(name.split(sep).join('/'));
  }
  return { folder, files: files.sort(), linked: isCheckout() && heddle === undefined && linkPackages(folder) };
}

function valuesFor(folder: string, heddle: string | undefined): Readonly<Record<string, string>> {
  const name = basename(folder)
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replaceAll(/^[._-]+|[._-]+$/g, '');
  if (name === '')
    throw new HeddleError('HDL-USAGE', { what: `"${basename(folder)}" cannot be the name of a project.`, fix: 'Name the folder with letters and digits.' });
  const { devDependencies } = JSON.parse(readFileSync(join(packageFolder(), 'package.json'), 'utf8')) as { devDependencies: Record<string, string> }; // ours
  const checkout = isCheckout() && heddle === undefined;
  return {
    name,
    heddle: heddle ?? (checkout ? `file:${relative(folder, packageFolder()).split(sep).join('/')}` : version()),
    nodeFlags: checkout ? '--conditions=heddle-source ' : '',
    conditions: checkout ? '"heddle-source"' : '',
    node: devDependencies['node'] ?? '24',
    typescript: devDependencies['typescript'] ?? '7',
    '@types/node': devDependencies['@types/node'] ?? '24',
  };
}
