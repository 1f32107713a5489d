// npm run demo: sets up what is missing, then runs the four pipelines on real data (scripts/demo.ts).
import { bootstrap, run24, say } from './bootstrap.mjs';

try {
  await bootstrap();
  process.exitCode = await run24(['--conditions=heddle-source', 'scripts/demo.ts', ...process.argv.slice(2)]);
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
