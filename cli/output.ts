/**
 * Where a command writes. With --json stdout holds exactly one JSON document, and everything for people goes to stderr;
 * without, results go to stdout. Colours only on a terminal (NO_COLOR and FORCE_COLOR are heeded).
 */
import { styleText } from 'node:util';

export type Style = Parameters<typeof styleText>[0];

export interface Output {
  readonly json: boolean;
  /** True where progress may be redrawn in place: a terminal, and not --json. */
  readonly terminal: boolean;
  /** A line of the result. */
  line(text?: string): void;
  /** A line about what goes on: always stderr. */
  note(text: string): void;
  /** The one JSON document, when --json was given. */
  document(value: unknown): void;
  style(style: Style, text: string): string;
  /** Redraws this text over the last one; for terminals. */
  redraw(text: string): void;
  readonly columns: number;
}

export function createOutput(json: boolean, stdout: NodeJS.WriteStream = process.stdout, stderr: NodeJS.WriteStream = process.stderr): Output {
  const target = json ? stderr : stdout;
  let drawn = 0;
  return {
    json,
    terminal: !json && stdout.isTTY === true,
    columns: stdout.columns ?? 120,
    line(text = '') {
      target.write(`${text}\n`);
    },
    note(text) {
      stderr.write(`${text}\n`);
    },
    document(value) {
      if (json) stdout.write(`${JSON.stringify(value, null, 2)}\n`);
    },
    style: (style, text) => styleText(style, text, { stream: target }),
    redraw(text) {
      const lines = text.split('\n').slice(-Math.max(5, (stdout.rows ?? 40) - 2));
      target.write(`${drawn > 0 ? `\u001b[${drawn}A` : ''}\u001b[J${lines.join('\n')}\n`);
      drawn = lines.length;
    },
  };
}
