import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { canonicalJson } from '../../dsl/plan/canonical-json.ts';
import type { Json } from '../../dsl/plan/types.ts';

/** The same value with the keys of all its objects in another order. */
function shuffled(value: Json, seed: number): Json {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map((item) => shuffled(item as Json, seed + 1));
  const entries = Object.entries(value as { [key: string]: Json }).map(([key, item], i) => ({ key, item, at: Math.imul(i + 1, seed | 1) ^ seed }));
  return Object.fromEntries(entries.sort((a, b) => a.at - b.at).map(({ key, item }) => [key, shuffled(item, seed + 1)]));
}
// __proto__ cannot be a key of an object literal's own, and integer-like keys have a fixed order anyway
const key = fc.string().filter((text) => text !== '__proto__');
const json = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    fc.boolean(),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.string(),
    fc.array(tie('value')),
    fc.dictionary(key, tie('value')),
  ),
})).value;

describe('canonical JSON', () => {
  it('does not depend on the order of keys', () => {
    fc.assert(fc.property(json, fc.integer(), (value, seed) => canonicalJson(shuffled(value, seed)) === canonicalJson(value)));
  });
  it('means the same value', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
  it('is equal only for equal values', () => {
    fc.assert(
      fc.property(json, json, (a, b) => {
        const equal = JSON.stringify(JSON.parse(canonicalJson(a))) === JSON.stringify(JSON.parse(canonicalJson(b)));
        return equal === (canonicalJson(a) === canonicalJson(b));
      }),
    );
  });
  it('leaves out undefined and refuses what JSON does not have', () => {
    expect(canonicalJson({ b: 1, a: undefined } as never)).toBe('{"b":1}');
    expect(() => canonicalJson(Number.NaN)).toThrow(TypeError);
    expect(() => canonicalJson(undefined as never)).toThrow(TypeError);
  });
});
