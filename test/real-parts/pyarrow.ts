/** pyarrow for tests: HEDDLE_TEST_PYTHON (a python that has it) -> python3 with pyarrow -> PyPI, below the user's cache. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { missingPart, pythonVenv } from './python-venv.ts';

const VERSION = '21.0.0';

/** The python program; or what is missing and how to get it. */
export function findPyarrow(): { readonly program: string } | { readonly missing: string } {
  const venv = (): { readonly program: string } | { readonly missing: string } => {
    const made = pythonVenv(`pyarrow-${VERSION}`, [`pyarrow==${VERSION}`]);
    return 'missing' in made ? { missing: missingPart(`no pyarrow: ${made.missing}, or set HEDDLE_TEST_PYTHON`) } : { program: join(made.bin, 'python') };
  };
  const given = process.env['HEDDLE_TEST_PYTHON'];
  const program = given ?? 'python3';
  const found = spawnSync(program, ['-c', 'import pyarrow; print(pyarrow.__version__)'], { encoding: 'utf8', timeout: 60_000 });
  if (found.status === 0) process.stderr.write(`real part: pyarrow ${found.stdout.trim()}\n`);
  return found.status === 0 || given !== undefined ? { program } : venv();
}
