/**
 * The log of one attempt: JSON lines in a local file, at most 10 MB with a marker where it was cut, without secrets. Each
 * line is handed on to be pushed. The file is made with the first line. Runs on workers.
 */
import { mkdirSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import pino from 'pino';
import type { Log } from '../../dsl/authoring/context.ts';
import type { LogLine } from '../../dsl/contract/api.ts';
import type { Redactor } from './redactor.ts';

export const LOG_BYTES = 10 * 1024 * 1024;
/** One line: longer texts are cut, so that a line never fills a push by itself. */
const LINE_BYTES = 64 * 1024;

export interface AttemptLogOptions {
  readonly file: string;
  readonly step: string;
  readonly attempt: number;
  /** Of the run; left out or 0 in its first try. */
  readonly retry?: number | undefined;
  readonly redactor: Redactor;
  push(line: LogLine): void;
  /** Given the whole log when the attempt has ended, if it has lines. */
  upload?(content: Uint8Array): Promise<void>;
  readonly maxBytes?: number;
}
export interface AttemptLog {
  readonly log: Log;
  /** Bytes written. */
  readonly bytes: number;
  readonly truncated: boolean;
  /** Ends the file; uploads it. */
  close(): Promise<void>;
}

export function openAttemptLog(options: AttemptLogOptions): AttemptLog {
  const { redactor, step, attempt, retry = 0, maxBytes = LOG_BYTES } = options;
  const base = { step, ...(retry > 0 && { retry }), attempt };
  let file: ReturnType<typeof pino.destination> | null = null;
  let logger: pino.Logger | null = null;
  let bytes = 0;
  let truncated = false;
  let closed = false;

  const append = (line: string): void => {
    if (!file) {
      mkdirSync(dirname(options.file), { recursive: true });
      file = pino.destination({ dest: options.file, sync: true, append: true }); // sync: the last lines before a crash matter most
    }
    file.write(line);
    bytes += Buffer.byteLength(line);
    options.push(JSON.parse(line) as LogLine); // pino wrote it in this shape
  };
  const write = (raw: string): void => {
    if (truncated) return;
    const line = redactor.text(raw);
    if (bytes + Buffer.byteLength(line) <= maxBytes) return append(line);
    truncated = true;
    append(`${JSON.stringify({ level: 'warn', at: Date.now(), ...base, text: `[log truncated: more than ${Math.round(maxBytes / 1024 / 1024)} MB]` })}\n`);
  };
  const open = (): pino.Logger =>
    (logger ??= pino(
      {
        level: 'debug',
        base,
        messageKey: 'text',
        nestedKey: 'fields',
        timestamp: () => `,"at":${Date.now()}`,
        formatters: { level: (level) => ({ level }) },
      },
      { write },
    ));
  const at =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (text: string, fields?: Readonly<Record<string, unknown>>): void => {
      if (truncated || closed) return; // an abandoned task may still talk
      const whole = redactor.piece(String(text)); // before it is cut: a cut may go through a secret
      const shown = whole.length > LINE_BYTES ? `${whole.slice(0, LINE_BYTES)}... (${whole.length} characters)` : whole;
      if (fields) open()[level](fields, shown);
      else open()[level](shown);
    };
  return {
    log: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') },
    get bytes() {
      return bytes;
    },
    get truncated() {
      return truncated;
    },
    async close() {
      closed = true;
      if (!file) return;
      const open = file;
      file = null;
      open.end();
      if (!options.upload) return;
      await options.upload(await readFile(options.file));
      await rm(options.file, { force: true }); // the store has it now
    },
  };
}
