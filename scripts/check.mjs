// npm run check: the static checks: types, lint, format, dead code. Each says how long it took; all run, then the exit code.
import { spawnSync } from 'node:child_process';
import { ensurePackages, environment, node24, root } from './bootstrap.mjs';

ensurePackages();
const checks = [
  ['types', ['node_modules/typescript/bin/tsc', '-b']],
  ['lint', ['node_modules/oxlint/bin/oxlint', '--type-aware', '--quiet']],
  ['format', ['node_modules/oxfmt/bin/oxfmt', '--check']],
  ['dead code', ['node_modules/knip/bin/knip.js', '--no-progress']],
];
let bad = 0;
for (const [name, args] of checks) {
  const started = Date.now();
  const { status } = spawnSync(node24, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], env: environment() });
  console.log(`${status === 0 ? 'ok  ' : 'FAIL'} ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
  if (status !== 0) bad++;
}
process.exitCode = bad > 0 ? 1 : 0;
