/**
 * Replaces secrets in whatever leaves a step: logs, failure messages, progress notes, outputs. Knows a value in clear, as a
 * JSON string, URL-encoded, and in base64 wherever in a longer text it was encoded. Runs on workers.
 */
import type { Json } from '../../dsl/plan/types.ts';

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
  /** A copy without secrets, keys of objects included; the same value where there is nothing to replace. */
  json(value: Json): Json {
    if (this.pattern === null || value === null) return value;
    if (typeof value === 'string') return this.text(value);
    if (typeof value !== 'object') return typeof value === 'number' && this.needles.has(String(value)) ? this.text(String(value)) : value;
    if (Array.isArray(value)) return value.map((item) => this.json(item as Json));
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [this.text(key), this.json(item as Json)]));
  }
}

function formsOf(value: string): Set<string> {
  const forms = new Set([value, JSON.stringify(value).slice(1, -1), encodeURIComponent(value)]);
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
