/**
 * One child process in its own group: lines in, end out; on abort SIGTERM to the group, then SIGKILL after ten seconds. When
 * the program has ended, what is left of its group is killed, so that nothing stays behind. Runs on workers.
 */
import { spawn } from 'node:child_process';
import { StringDecoder } from 'node:string_decoder';
import type { Readable } from 'node:stream';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';

const KILL_AFTER_MS = 10_000;
/** A line longer than this is cut into several. */
const LINE_CHARACTERS = 32 * 1024;

export interface ProcessRun {
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  onStdout(line: string): void;
  onStderr(line: string): void;
  /** From SIGTERM to SIGKILL. Default 10 s. */
  readonly killAfterMs?: (reason: unknown) => number;
  /** Told of the process group; what it gives is called when the group is gone. */
  onStart?(pid: number | undefined): () => void;
}
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Throws HDL-NO-PROGRAM where the program cannot be started. */
export async function runProcess({ argv, cwd, env, signal, onStdout, onStderr, killAfterMs = () => KILL_AFTER_MS, onStart }: ProcessRun): Promise<ProcessEnd> {
  const [program = '', ...args] = argv;
  signal.throwIfAborted();
  const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const forget = onStart?.(child.pid);
  const exited = new Promise<ProcessEnd>((resolve, reject) => {
    child.on('error', (error: NodeJS.ErrnoException) => {
      if (child.pid !== undefined) return; // a failed kill: its end is told by 'exit'
      reject(
        new HeddleError('HDL-NO-PROGRAM', {
          what: `${program} cannot be started on this worker: ${error.message}.`,
          where: cwd,
          cause: error.code === 'ENOENT' || error.code === 'EACCES' ? undefined : error,
        }),
      );
    });
    child.on('exit', (code, by) => {
      resolve({ code, signal: by });
    });
  });
  const flushed = Promise.all([lines(child.stdout, onStdout), lines(child.stderr, onStderr)]);

  const kill = (how: NodeJS.Signals): void => {
    killGroup(child.pid, how);
  };
  let hard: NodeJS.Timeout | undefined;
  const onAbort = (): void => {
    kill('SIGTERM');
    hard = setTimeout(() => {
      kill('SIGKILL');
    }, killAfterMs(signal.reason));
  };
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    const end = await exited;
    kill('SIGKILL'); // grandchildren, which may also hold the pipes open
    await flushed;
    return end;
  } finally {
    clearTimeout(hard);
    forget?.();
    signal.removeEventListener('abort', onAbort);
  }
}

/** Signals a whole process group; one that is gone is no error. */
export function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // process.kill throws system errors
  }
}

function lines(stream: Readable, each: (line: string) => void): Promise<void> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  const closed = new Promise<void>((resolve) => {
    stream.on('close', () => {
      if (rest !== '') each(rest);
      resolve();
    });
    stream.on('error', () => {
      resolve();
    });
  });
  stream.on('data', (chunk: Buffer) => {
    const parts = (rest + decoder.write(chunk)).split('\n');
    rest = parts.pop() ?? '';
    for (const part of parts) for (const piece of pieces(part)) each(piece);
    while (rest.length > LINE_CHARACTERS) {
      each(rest.slice(0, LINE_CHARACTERS));
      rest = rest.slice(LINE_CHARACTERS);
    }
  });
  return closed;
}

function* pieces(line: string): Generator<string> {
  const text = line.endsWith('\r') ? line.slice(0, -1) : line;
  for (let at = 0; at === 0 || at < text.length; at += LINE_CHARACTERS) yield text.slice(at, at + LINE_CHARACTERS);
}
