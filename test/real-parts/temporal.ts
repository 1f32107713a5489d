/** Starts a real Temporal server for a test file: own port, own SQLite file, gone afterwards. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTemporal as start } from '../../scripts/temporal-server.mjs';

export interface TemporalPart {
  readonly address: string;
  readonly pid: number;
  readonly dbFile: string;
  /** SIGKILL, keeping the file: `restart` brings it back on the same port. */
  kill(): Promise<void>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export async function startTemporal(): Promise<TemporalPart> {
  const folder = mkdtempSync(join(tmpdir(), 'heddle-temporal-'));
  const dbFile = join(folder, 'temporal.db');
  let server = await start({ dbFile });
  const { address, port } = server;
  return {
    address,
    dbFile,
    get pid() {
      return server.pid;
    },
    async kill() {
      const gone = new Promise((resolve) => server.child.once('exit', resolve));
      server.kill();
      await gone;
    },
    async restart() {
      server = await start({ dbFile, port });
    },
    async stop() {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
