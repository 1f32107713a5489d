/** Starts one compiling child and waits for its answer. What it prints goes to stderr: stdout belongs to the command line. */
import { fork } from 'node:child_process';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { HeddleError } from '../dsl/errors/heddle-error.ts';
import type { ChildMessage, CompileAnswer, CompileRequest } from './child-messages.ts';

export interface Surroundings {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** Show what authors' files print; one of the two children is enough. */
  readonly show: boolean;
}

/** What a process needs to start, on any system; the rest of the environment is another one for the second child. */
const NEEDED = /^(PATH|LD_LIBRARY_PATH|TMPDIR|TEMP|TMP|SYSTEMROOT|WINDIR|COMSPEC|PATHEXT|NODE_OPTIONS|NODE_PATH|NODE_EXTRA_CA_CERTS|NODE_COMPILE_CACHE)$/i;

/** As the author sees his machine, but for the time zone. */
export const firstSurroundings = (folder: string): Surroundings => ({ cwd: folder, env: { ...process.env, TZ: 'UTC' }, show: true });

/** Another time zone (at 12:45 h), folder, language and environment. */
export const secondSurroundings = (): Surroundings => ({
  cwd: tmpdir(),
  env: {
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => NEEDED.test(name))),
    TZ: 'Pacific/Chatham',
    LANG: 'tr_TR.UTF-8',
    USER: 'heddle',
    HOME: tmpdir(),
  },
  show: false,
});
/** About 401 days, 7 hours, 13 minutes: another day of year, week, month and hour. */
export const SECOND_CLOCK_MS = ((401 * 24 + 7) * 60 + 13) * 60_000;

const CHILD = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? './child.ts' : './child.js', import.meta.url));
const TIMEOUT_MS = 120_000;
const TAIL = 2_000;

export function runChild(request: CompileRequest, { cwd, env, show }: Surroundings): Promise<CompileAnswer> {
  const conditions = process.execArgv.filter((arg) => arg.startsWith('--conditions=') || arg.startsWith('-C='));
  const child = fork(CHILD, { cwd, env, execArgv: [...conditions, '--disable-warning=ExperimentalWarning'], stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  let at = 'its start';
  let tail = '';
  let answer: CompileAnswer | null = null;
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (bytes: Buffer) => {
      tail = (tail + bytes.toString()).slice(-TAIL);
      if (show) process.stderr.write(bytes);
    });
  }
  return new Promise((resolve, reject) => {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, TIMEOUT_MS);
    child.on('message', (message: ChildMessage) => {
      if (message.kind === 'at') at = message.what;
      else answer = message;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      if (answer) return resolve(answer);
      const how = late ? `did not come to an end within ${TIMEOUT_MS / 1000} s` : `ended with ${signal ?? `exit code ${code}`}`;
      reject(
        new HeddleError('HDL-COMPILER-ENDED', {
          what: `The compiling process ${how}, at ${at}.${tail ? ` It printed last: ${tail.trim()}` : ''}`,
          where: at.includes(' ') ? undefined : at,
        }),
      );
    });
    child.send(request);
  });
}
