/** The lines of `heddle dev`: each with the name of the process it comes from, in that process's colour. JSON log lines are made readable. */
import type { Output, Style } from '../output.ts';

export interface DevLines {
  /** A line of dev itself. */
  say(text: string): void;
  /** Takes what a child writes, in pieces. */
  from(name: string): (piece: Buffer | string) => void;
}

const colours: readonly Style[] = ['cyan', 'magenta', 'blue', 'yellow', 'green'];
const WIDTH = 10;

export function createDevLines(output: Output): DevLines {
  const known = new Map<string, Style>();
  const write = (name: string, text: string): void => {
    if (!known.has(name)) known.set(name, colours[known.size % colours.length] ?? 'cyan');
    const prefix = output.style(known.get(name) ?? 'cyan', name.padEnd(WIDTH));
    output.line(`${prefix} ${text}`);
  };
  return {
    say(text) {
      for (const line of text.split('\n')) write('dev', line);
    },
    from(name) {
      let rest = '';
      return (piece) => {
        const lines = (rest + piece.toString()).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) if (line.trim() !== '') write(name, readable(line));
      };
    },
  };
}

const levels: Readonly<Record<string, string>> = { 40: 'warning: ', 50: 'error: ', 60: 'fatal: ', warn: 'warning: ', error: 'error: ', fatal: 'fatal: ' };
const HIDDEN = new Set(['level', 'time', 'pid', 'hostname', 'name', 'msg', 'v', 'at', 'text']);

/** A JSON log line (pino's, or a worker's) as a sentence and its fields; any other line as it is. */
export function readable(line: string): string {
  if (!line.startsWith('{')) return line;
  try {
    const entry = JSON.parse(line) as Readonly<Record<string, unknown>>; // an object: it begins with a brace
    const said = entry['msg'] ?? entry['text'];
    if (typeof said !== 'string') return line;
    const fields = Object.entries(entry)
      .filter(([key]) => !HIDDEN.has(key))
      .map(([key, value]) => `${key}=${messageOf(value)}`);
    return [`${levels[String(entry['level'])] ?? ''}${said}`, ...fields].join('  ');
  } catch {
    return line;
  }
}

function messageOf(value: unknown): string {
  if (typeof value === 'string') return value;
  const stack = typeof value === 'object' && value !== null && 'stack' in value ? value.stack : undefined;
  return typeof stack === 'string' ? stack : JSON.stringify(value);
}
