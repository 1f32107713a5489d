/** onnx.checker for tests: HEDDLE_TEST_ONNX_PYTHON (a python that has onnx) -> python3 with onnx -> PyPI, below the user's cache. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { missingPart, pythonVenv } from './python-venv.ts';

const VERSION = '1.23.2';

const hasOnnx = (python: string): boolean => spawnSync(python, ['-c', 'import onnx'], { stdio: 'ignore', timeout: 60_000 }).status === 0;

function findPython(): string | { readonly missing: string } {
  const given = process.env['HEDDLE_TEST_ONNX_PYTHON'];
  if (given) return given;
  if (hasOnnx('python3')) return 'python3';
  const venv = pythonVenv(`onnx-${VERSION}`, [`onnx==${VERSION}`]);
  return 'missing' in venv ? venv : join(venv.bin, 'python');
}

/** null when it can be had, else what is missing and how to get it. */
export function onnxCheckerMissing(): string | null {
  const found = findPython();
  return typeof found === 'string' ? null : missingPart(`no onnx.checker: ${found.missing}, or set HEDDLE_TEST_ONNX_PYTHON`);
}

/** What onnx.checker says of each file: '' where it is content. Full check: shapes and types too. */
export function checkOnnx(files: readonly string[]): { readonly version: string; readonly complaints: readonly string[] } {
  const python = findPython();
  if (typeof python !== 'string') throw new Error(python.missing);
  const code = `import json, sys, onnx
complaints = []
for file in sys.argv[1:]:
  try:
    onnx.checker.check_model(file, full_check=True)
    complaints.append('')
  except Exception as error:
    complaints.append(f'{type(error).__name__} {error}')
print(json.dumps({'version': onnx.__version__, 'complaints': complaints}))`;
  const { stdout, stderr, status } = spawnSync(python, ['-c', code, ...files], { encoding: 'utf8', timeout: 120_000 });
  if (status !== 0) throw new Error(`python ended with ${status}: ${stderr}`);
  const said = JSON.parse(stdout) as { version: string; complaints: string[] }; // printed above
  process.stderr.write(`real part: onnx.checker ${said.version}\n`);
  return said;
}
