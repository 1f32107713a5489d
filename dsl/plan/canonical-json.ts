/** Canonical JSON: keys sorted by code unit, no spaces; the same text for equal values on any machine (RFC 8785 for what plans hold). */
import type { Json } from './types.ts';

/** Throws a TypeError for what JSON cannot hold. Keys whose value is undefined are left out. */
export function canonicalJson(value: Json): string {
  if (value === null || typeof value !== 'object') {
    const text = JSON.stringify(value);
    if (text === undefined || (typeof value === 'number' && !Number.isFinite(value))) throw new TypeError(`not JSON: ${String(value)}`);
    return text;
  }
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item as Json)).join(',')}]`;
  const object = value as { readonly [key: string]: Json | undefined };
  const fields: string[] = [];
  for (const key of Object.keys(object).sort()) {
    const item = object[key];
    if (item !== undefined) fields.push(`${JSON.stringify(key)}:${canonicalJson(item)}`);
  }
  return `{${fields.join(',')}}`;
}
