// npm run bench -- NAME [CASE...] [--json FILE]: sets up what is missing, then runs a benchmark (bench/main.ts).
import { bootstrap, run24, say } from './bootstrap.mjs';

try {
  const temporal = await bootstrap();
  process.exitCode = await run24(['--conditions=heddle-source', 'bench/main.ts', ...process.argv.slice(2)], { env: { HEDDLE_TEMPORAL_BINARY: temporal.path } });
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
