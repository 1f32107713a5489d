/** The real HDFS of the tests for `npm run demo -- --store hdfs`, in a process of its own. For scripts/demo.ts. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface DemoHdfs {
  /** http://127.0.0.1:PORT of each NameNode. */
  readonly namenodes: readonly string[];
  stop(): Promise<void>;
}

/** Throws when Java or Maven is missing; the first start fetches Hadoop (114 MB). */
export async function startHdfs(): Promise<DemoHdfs> {
  const program = join(import.meta.dirname, '..', '..', 'test', 'real-parts', 'hadoop-process.ts');
  const child = spawn(process.execPath, ['--conditions=heddle-source', program], { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const line = new Promise<string>((resolve) => createInterface({ input: child.stdout }).once('line', resolve));
  const ready = await Promise.race([line, gone.then(() => Promise.reject(new Error('the HDFS did not start: its reason stands above')))]);
  const { namenodes } = JSON.parse(ready) as Pick<DemoHdfs, 'namenodes'>; // what that program prints
  return {
    namenodes,
    async stop() {
      child.stdin.end();
      await gone;
    },
  };
}
