// Brings a fresh clone to the point where Heddle runs: packages, then a Temporal server. Plain JavaScript for any
// Node >= 18; says what it does and how long it took; a second call is quick.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureTemporal } from './temporal-server.mjs';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');
export const node24 = join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');

export const say = (text) => process.stderr.write(`heddle: ${text}\n`);

/** `npm ci` when the packages are not those of the lock file. */
export function ensurePackages() {
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  const mark = join(root, 'node_modules', '.heddle-lock');
  if (existsSync(mark) && readFileSync(mark, 'utf8') === lock && existsSync(node24)) return;
  const started = Date.now();
  say('installing packages (npm ci, about a minute)');
  const npm = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32',
  });
  if (npm.status !== 0) throw new Error('npm ci failed: see above');
  writeFileSync(mark, lock);
  say(`packages installed in ${seconds(started)}`);
}

/** All of it. Gives the Temporal binary. */
export async function bootstrap() {
  ensurePackages();
  const started = Date.now();
  const temporal = await ensureTemporal(say);
  say(`Temporal server: ${temporal.from}${temporal.from === 'built' ? `, ${seconds(started)}` : ''}`);
  return temporal;
}

const seconds = (since) => `${((Date.now() - since) / 1000).toFixed(1)} s`;

/** Environment in which the project's programs find Node 24 first. */
export const environment = (extra = {}) => ({ ...process.env, PATH: `${join(root, 'node_modules', '.bin')}:${process.env.PATH ?? ''}`, ...extra });

/** Runs a script of the project under Node 24 with the sources as they are; gives the exit code. Signals are passed on. */
export function run24(args, { env = {}, cwd = root } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(node24, args, { cwd, stdio: 'inherit', env: environment(env) });
    for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(code ?? (signal ? 130 : 1)));
  });
}
