/**
 * The Temporal server of `heddle dev`: SQLite file under .heddle/, restarted on the same port when it dies. One that an
 * earlier dev left behind (that was killed) is ended first, by the process id it wrote down.
 */
import { readFileSync, rmSync, writeFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import { packageFolder } from '../version.ts';
import { choosePort } from './choose-port.ts';
import type { DevLines } from './dev-lines.ts';

type Launcher = typeof import('../../scripts/temporal-server.mjs');
type TemporalProcess = Awaited<ReturnType<Launcher['startTemporal']>>;

export interface DevTemporal {
  readonly address: string;
  /** Its own page, 'http://127.0.0.1:8234'. */
  readonly ui: string;
  /** It answers. */
  readonly ready: Promise<void>;
  stop(): Promise<void>;
  kill(): void;
}

/** Comes back as soon as the ports are chosen. Throws HDL-NO-TEMPORAL-BINARY. */
export async function startDevTemporal(options: {
  readonly stateFolder: string;
  readonly port: number;
  readonly namespace: string;
  readonly lines: DevLines;
}): Promise<DevTemporal> {
  const { stateFolder, lines } = options;
  const launcher = (await import(pathToFileURL(join(packageFolder(), 'scripts', 'temporal-server.mjs')).href)) as Launcher; // plain JavaScript with its types beside it
  const pidFile = join(stateFolder, 'temporal.pid');
  mkdirSync(stateFolder, { recursive: true });
  await endLeftOver(pidFile, lines);
  let binary: string;
  try {
    binary = (
      await launcher.ensureTemporal((line) => {
        lines.say(line);
      })
    ).path;
  } catch (error) {
    throw new HeddleError('HDL-NO-TEMPORAL-BINARY', { what: error instanceof Error ? `${error.message}.` : String(error), cause: error });
  }
  const port = await choosePort('127.0.0.1', options.port);
  const uiPort = await choosePort('127.0.0.1', 8234);
  let stopped = false;
  let current: TemporalProcess | undefined;
  const launch = async (): Promise<TemporalProcess> => {
    const started = await launcher.startTemporal({
      binary,
      port,
      ui: true,
      uiPort,
      dbFile: join(stateFolder, 'temporal.db'),
      detached: true,
      log: 'error',
      ...(options.namespace !== 'default' && { namespaces: [options.namespace] }),
    });
    current = started;
    writeFileSync(pidFile, String(started.pid));
    started.child.once('exit', (code, signal) => {
      if (!stopped) void again(`ended (${signal ?? `exit code ${code ?? 0}`})`);
    });
    return started;
  };
  const again = async (why: string): Promise<void> => {
    for (let pause = 200; !stopped; pause = Math.min(10_000, pause * 2)) {
      lines.say(`temporal ${why}; starting it again in ${pause / 1000} s`);
      await sleep(pause);
      try {
        if (!stopped) await launch();
        return;
      } catch (error) {
        why = error instanceof Error ? error.message : String(error);
      }
    }
  };
  const launched = launch();
  const ready = launched.then(() => undefined);
  ready.catch(() => undefined); // looked at by dev
  return {
    address: `127.0.0.1:${port}`,
    ready,
    ui: `http://127.0.0.1:${uiPort}`,
    async stop() {
      stopped = true;
      await launched.catch(() => undefined);
      await current?.stop();
      rmSync(pidFile, { force: true });
    },
    kill() {
      stopped = true;
      current?.kill();
      rmSync(pidFile, { force: true });
    },
  };
}

/** Only a process that is a Temporal server with our database in its command line. */
async function endLeftOver(pidFile: string, lines: DevLines): Promise<void> {
  let pid: number;
  let command: string;
  try {
    pid = Number(readFileSync(pidFile, 'utf8'));
    command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return; // none, or gone, or no /proc to make sure by
  }
  if (!command.includes('start-dev') || !command.includes('temporal.db')) return;
  lines.say(`ending the Temporal server that an earlier heddle dev left behind (process ${pid})`);
  for (let round = 0; round < 100; round++) {
    try {
      process.kill(pid, round < 60 ? 'SIGTERM' : 'SIGKILL');
    } catch {
      return; // gone
    }
    await sleep(100);
  }
}
