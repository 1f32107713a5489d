/**
 * Replaces secrets in whatever leaves a step: logs, failure messages, progress notes, outputs. Knows a value in clear, as a
 * JSON string, URL-encoded, line by line, and in base64 wherever in a longer text it was encoded. Runs on workers.
 */
import type { Json } from '../../dsl/plan/types.ts';

/** A part of a secret at the edge of a text counts from this length on: fewer characters stand there by chance. */
const PART = 4;

export class Redactor {
  private readonly needles = new Map<string, string>();
  private pattern: RegExp | null = null;

  add(name: string, value: string): void {
    if (value === '') return;
    for (const form of formsOf(value)) this.needles.set(form, `[secret ${name}]`);
    const longestFirst = [...this.needles.keys()].sort((a, b) => b.length - a.length);
    this.pattern = new RegExp(longestFirst.map((form) => form.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&')).join('|'), 'g');
  }
  get empty(): boolean {
    return this.pattern === null;
  }

  text(text: string): string {
    return this.pattern === null ? text : text.replace(this.pattern, (found) => this.needles.get(found) ?? found);
  }
  /**
   * A text that may be one of several in a row: a line of a log, one write to a stream. Also replaces the beginning of a secret
   * at its end and the end of one at its beginning, so that a secret which goes over two of them is in neither.
   */
  piece(text: string): string {
    if (this.pattern === null || text === '') return text;
    const whole = this.text(text);
    const body = whole.replace(/\r?\n$/, '');
    const last = body.at(-1);
    const end = this.longestPart(body, (needle, length) => needle[length - 1] === last && body.endsWith(needle.slice(0, length)));
    const head = body.slice(0, body.length - end);
    const begin = this.longestPart(head, (needle, length) => needle[needle.length - length] === head[0] && head.startsWith(needle.slice(-length)));
    if (end + begin === 0) return whole;
    return (begin > 0 ? HIDDEN : '') + head.slice(begin) + (end > 0 ? HIDDEN : '') + whole.slice(body.length);
  }
  /** A copy without secrets, keys of objects included; the same value where there is nothing to replace. */
  json(value: Json): Json {
    if (this.pattern === null || value === null) return value;
    if (typeof value === 'string') return this.text(value);
    if (typeof value !== 'object') return typeof value === 'number' && this.needles.has(String(value)) ? this.text(String(value)) : value;
    if (Array.isArray(value)) return value.map((item) => this.json(item as Json));
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [this.text(key), this.json(item as Json)]));
  }

  /** Characters of the longest part of a secret for which `stands` holds; 0 where there is none. */
  private longestPart(text: string, stands: (needle: string, length: number) => boolean): number {
    let longest = 0;
    for (const needle of this.needles.keys()) {
      for (let length = Math.min(needle.length - 1, text.length); length >= PART && length > longest; length--) if (stands(needle, length)) longest = length;
    }
    return longest;
  }
}

const HIDDEN = '[part of a secret]';

function formsOf(value: string): Set<string> {
  const forms = new Set([value, JSON.stringify(value).slice(1, -1), encodeURIComponent(value)]);
  // a key file is printed line by line; its first and last line are everybody's
  for (const line of value.split(/\r?\n/)) if (line.trim().length >= 8 && !line.startsWith('-----')) forms.add(line.trim());
  const bytes = Buffer.from(value, 'utf8');
  for (const encoding of ['base64', 'base64url'] as const) forms.add(bytes.toString(encoding));
  // Inside of a longer text the value may begin at any of three places of a base64 group: the characters that hold bits of
  // its neighbours are left out. Short rests would match by chance.
  for (let before = 0; before < 3; before++) {
    const padded = Buffer.concat([Buffer.alloc(before), bytes]);
    const from = Math.ceil((before * 8) / 6);
    const to = Math.floor((padded.length * 8) / 6);
    for (const encoding of ['base64', 'base64url'] as const) {
      const core = padded.toString(encoding).slice(from, to);
      if (core.length >= 8) forms.add(core);
    }
  }
  return forms;
}
