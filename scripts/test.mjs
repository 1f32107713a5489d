// npm test [-- --full | vitest arguments]: sets up what is missing, runs the tests, ends with one line of counts.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bootstrap, run24, say } from './bootstrap.mjs';

const args = process.argv.slice(2);
const full = args.includes('--full');
const folder = mkdtempSync(join(tmpdir(), 'heddle-test-'));
const report = join(folder, 'report.json');
try {
  const temporal = await bootstrap();
  const started = Date.now();
  const code = await run24(
    [
      '--conditions=heddle-source',
      'node_modules/vitest/vitest.mjs',
      'run',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
      ...args.filter((arg) => arg !== '--full'),
    ],
    {
      env: { HEDDLE_TEST_FULL: full ? '1' : '', HEDDLE_TEMPORAL_BINARY: temporal.path, CI: process.env.CI ?? '', FORCE_COLOR: process.env.FORCE_COLOR ?? '0' },
    },
  );
  const counts = JSON.parse(readFileSync(report, 'utf8'));
  say(`tests took ${Math.round((Date.now() - started) / 1000)} s`);
  const failed = counts.numFailedTests + counts.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0).length;
  console.log(`${counts.numPassedTests} passed, ${failed} failed, ${counts.numPendingTests + counts.numTodoTests} skipped`);
  process.exitCode = code !== 0 || failed > 0 || counts.numPassedTests === 0 ? 1 : 0;
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
