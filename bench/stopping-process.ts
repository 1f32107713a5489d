/** A process for test/bench/stop-signals.test.ts: has a child, and stops it slowly when it is told to. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { onStopSignals } from './stop-signals.ts';

const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
onStopSignals(async () => {
  process.stdout.write('stopping\n');
  await new Promise((resolve) => setTimeout(resolve, 500)); // the second signal comes in here
  child.kill('SIGKILL');
  await once(child, 'exit');
});
process.stdout.write(`${child.pid}\n`);
