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
      server = await startAgain(dbFile, port);
    },
    async stop() {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A start right after a kill can fail: the port may be held for a moment, for instance by a client that looks for the dead server (a port of the range for outgoing connections). */
async function startAgain(dbFile: string, port: number): Promise<Awaited<ReturnType<typeof start>>> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await start({ dbFile, port });
    } catch (error) {
      if (attempt === 20) throw error;
      await new Promise((resolve) => {
        setTimeout(resolve, 500);
      });
    }
  }
}
