/**
 * The real HDFS of the tests as a process, for `npm run demo -- --store hdfs`: one line of JSON with its NameNodes when it is
 * ready; it ends when its input is closed.
 */
import { startHadoop } from './hadoop.ts';

const hadoop = await startHadoop();
process.stdout.write(`${JSON.stringify({ namenodes: hadoop.namenodes })}\n`);
process.stdin.resume();
process.stdin.once('end', () => {
  void hadoop.stop().then(() => process.exit(0));
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void hadoop.stop().then(() => process.exit(0)));
