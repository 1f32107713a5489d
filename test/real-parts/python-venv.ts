/**
 * Python packages for tests, in a virtual environment below the user's cache: made once, by pip, with versions pinned. null with
 * a reason where there is no python3 or the package index does not give them.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

export interface PythonVenv {
  /** Folder of python and of the programs that the packages bring. */
  readonly bin: string;
}
const INSTALL_MS = 400_000;

/** `name` of the folder; `requirements` as pip takes them. */
export function pythonVenv(name: string, requirements: readonly string[]): PythonVenv | { readonly missing: string } {
  const folder = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'heddle', 'python', name);
  const bin = join(folder, 'bin');
  if (existsSync(join(folder, 'ready')) && existsSync(join(bin, 'python'))) return { bin };
  const how = `python3 -m venv ${folder} && ${bin}/pip install ${requirements.join(' ')} && touch ${folder}/ready`;
  const making = `${folder}.${process.pid}`;
  const run = (program: string, args: readonly string[]): string | null => {
    const { status, stderr, error } = spawnSync(program, args, { encoding: 'utf8', timeout: INSTALL_MS });
    return status === 0 ? null : (error?.message ?? (stderr.trim().split('\n').at(-1) || `exit code ${status}`));
  };
  mkdirSync(dirname(folder), { recursive: true });
  rmSync(making, { recursive: true, force: true });
  // scripts of a venv name its folder, so it is made where it stays; the mark comes last
  rmSync(folder, { recursive: true, force: true });
  const failed =
    run('python3', ['-m', 'venv', folder]) ??
    run(join(bin, 'pip'), ['install', '--quiet', '--disable-pip-version-check', ...requirements]) ??
    run('touch', [join(folder, 'ready')]);
  if (failed === null) return { bin };
  if (existsSync(folder)) renameSync(folder, making);
  rmSync(making, { recursive: true, force: true });
  return { missing: `${name}: ${failed}. By hand: ${how}` };
}

/** The reason a part cannot be had; a failure under HEDDLE_REQUIRE_PARTS=all. Says it loudly either way. */
export function missingPart(reason: string): string {
  process.stderr.write(`real part missing: ${reason}\n`);
  if (process.env['HEDDLE_REQUIRE_PARTS'] === 'all') throw new Error(reason);
  return reason;
}
