/** The `heddle` command as the demo's user types it: shown, then run. For scripts/demo.ts. */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');
const program = join(root, 'bin', 'heddle.mjs');

export class HeddleCommand {
  private readonly env: NodeJS.ProcessEnv;
  private running: ChildProcess | null = null;
  /** `state`: folder of the embedded parts; nothing outside of it is written. `more`: variables of the configuration. */
  constructor(state: string, more: Readonly<Record<string, string>>) {
    this.env = { ...process.env, HEDDLE_STATE: state, ...more };
  }

  /** Runs a command, its output beneath. Throws when it fails. */
  async show(...args: string[]): Promise<void> {
    const code = await this.showAny(...args);
    if (code !== 0) throw new Error(`heddle ${args[0]} ended with ${code}`);
  }
  /** The same for one that may fail: gives its exit code. */
  async showAny(...args: string[]): Promise<number | null> {
    say(`$ heddle ${args.map((arg) => (/[\s{["]/.test(arg) ? `'${arg.length > 60 ? `${arg.slice(0, 57)}...` : arg}'` : arg)).join(' ')}`);
    return ended(this.spawn(args, 'inherit'));
  }

  /** The JSON document of a command. Throws with its messages when it fails. */
  async json(...args: string[]): Promise<unknown> {
    const child = this.spawn([...args, '--json'], 'pipe');
    const [out, notes] = [gather(child.stdout), gather(child.stderr)];
    const code = await ended(child);
    if (code !== 0) throw new Error(`heddle ${args.join(' ')} ended with ${code}\n${(await notes) || (await out)}`);
    return JSON.parse(await out) as unknown;
  }

  /** `heddle dev` in a process group of its own, its output in a file. */
  startDev(logFile: string): ChildProcess {
    const log = openSync(logFile, 'a');
    const child = spawn(process.execPath, [program, 'dev'], { cwd: root, env: this.env, stdio: ['ignore', log, log], detached: true });
    closeSync(log);
    return child;
  }

  /** Ends the command that runs now: the demo was interrupted. */
  stop(): void {
    this.running?.kill('SIGTERM');
  }

  private spawn(args: readonly string[], output: 'inherit' | 'pipe'): ChildProcess {
    const child = spawn(process.execPath, [program, ...args], { cwd: root, env: this.env, stdio: ['ignore', output, output] });
    this.running = child;
    return child;
  }
}

export const say = (text = ''): void => void process.stdout.write(`${text}\n`);

const ended = (child: ChildProcess): Promise<number | null> =>
  new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
async function gather(stream: NodeJS.ReadableStream | null): Promise<string> {
  let text = '';
  for await (const part of stream ?? []) text += String(part);
  return text;
}
