#!/usr/bin/env node
// The `heddle` program. Plain JavaScript for any Node >= 18: finds Node 24 and hands over to cli/main.ts (a checkout, whose
// sources run as they are) or dist/cli/main.js (an installed package). Costs two starts of Node and nothing else.
import { spawn } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(realpathSync(fileURLToPath(import.meta.url))), '..');
const windows = process.platform === 'win32';
const major = Number(process.versions.node.split('.')[0]);

/** This Node, or the one of the npm package `node` beside Heddle or in the project. */
function findNode() {
  if (major >= 24) return process.execPath;
  for (const from of [join(root, 'package.json'), join(process.cwd(), 'package.json')]) {
    try {
      const file = join(dirname(createRequire(from).resolve('node/package.json')), 'bin', windows ? 'node.exe' : 'node');
      if (existsSync(file)) return file;
    } catch {
      // not installed there
    }
  }
  return null;
}

const node = findNode();
if (node === null) {
  process.stderr.write(
    `heddle: needs Node 24 or newer, and this is Node ${process.versions.node}.\n  do: install Node 24, or add it to the project: npm install --save-dev node@24\n`,
  );
  process.exit(2);
}
const source = join(root, 'cli', 'main.ts');
const flags = [
  '--disable-warning=ExperimentalWarning',
  ...(existsSync(source) ? ['--conditions=heddle-source', source] : [join(root, 'dist', 'cli', 'main.js')]),
];
const cache = join(process.env.HEDDLE_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'heddle'), 'node-compile');
const env = { NODE_COMPILE_CACHE: cache, ...process.env };

const args = [...flags, ...process.argv.slice(2)];
// A Node that can replace itself does: no second process, and signals need no forwarding.
if (typeof process.execve === 'function' && !windows) process.execve(node, [node, ...args], env);

const child = spawn(node, args, { stdio: 'inherit', env });
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2']) process.on(signal, () => child.kill(signal));
child.on('error', (error) => {
  process.stderr.write(`heddle: cannot start ${node}: ${error.message}\n`);
  process.exit(3);
});
child.on('exit', (code, signal) => {
  if (signal === null) process.exit(code ?? 1);
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.removeAllListeners(name);
  process.kill(process.pid, signal); // end as the child did, so that a shell sees the same
});
