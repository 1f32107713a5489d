/** A Python with packages for baselines: HEDDLE_BENCH_PYTHON, or a virtual environment in the user's cache, made on first use. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Path of the interpreter. Throws where there is no python3, or pip cannot give the packages. */
export function pythonFor(packages: readonly string[]): string {
  const given = process.env['HEDDLE_BENCH_PYTHON'];
  if (given) return given;
  const folder = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'heddle', 'python-bench');
  const python = join(folder, 'bin', 'python');
  if (!existsSync(python)) execFileSync('python3', ['-m', 'venv', folder], { stdio: 'inherit' });
  try {
    execFileSync(python, ['-c', packages.map((name) => `import ${name}`).join('; ')], { stdio: 'ignore' });
  } catch {
    execFileSync(python, ['-m', 'pip', 'install', '--quiet', ...packages], { stdio: 'inherit' });
  }
  return python;
}
