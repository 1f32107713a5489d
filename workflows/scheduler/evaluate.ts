/**
 * Evaluates the plan's expressions over the values of a run. Pure, runs in the sandbox. See `Expr` in dsl/plan/types.ts for
 * the forms.
 */
import type { Expr, Json, JsonObject } from '../../dsl/plan/types.ts';
import type { PinRequest } from '../../dsl/contract/control.ts';
import { isStored, type Stored } from '../../dsl/contract/step.ts';
import { canonicalJson } from '../../dsl/plan/canonical-json.ts';
import type { PinValue } from './messages.ts';

/** The value of something that did not run. */
export const SKIPPED = Symbol('skipped');
export type Value = Json | typeof SKIPPED;

/** Where an expression's refs lead: a scope of the scheduler. */
export interface Lookup {
  /** The root's value, SKIPPED, or what failed there. Throws for a root that does not exist. */
  root(name: string): { readonly value: Value } | { readonly failed: string };
  pin(key: string): PinValue | undefined;
}

/** What came up on the way, beside the value. */
export interface Findings {
  /** Path of a step that is needed and failed. */
  blocked: string | null;
  /** A pinned partition or model that does not exist. */
  missing: string | null;
  /** Pins that must be made first, by key. */
  pins: Map<string, PinRequest> | null;
}
export const noFindings = (): Findings => ({ blocked: null, missing: null, pins: null });

export function evaluate(expr: Expr, lookup: Lookup, found: Findings): Value {
  if (expr === null || typeof expr !== 'object') return expr;
  if (Array.isArray(expr)) {
    return evaluateAll(expr as readonly Expr[], lookup, found) as Value;
  }
  const object = expr as { readonly [key: string]: Expr };
  for (const key in object) {
    if (key.charCodeAt(0) !== 36) break; // '$'
    return special(key, object[key] as Expr, object, lookup, found);
  }
  const out: { [key: string]: Json } = {};
  let skipped = false;
  for (const key in object) {
    const value = evaluate(object[key] as Expr, lookup, found);
    if (value === SKIPPED) skipped = true;
    else out[key] = value;
  }
  return skipped ? SKIPPED : out;
}

/** All of them, also behind a skipped one: a failure anywhere counts before a skip, in whatever order they stand. */
function evaluateAll(exprs: readonly Expr[], lookup: Lookup, found: Findings): Json[] | typeof SKIPPED {
  const out: Json[] = [];
  let skipped = false;
  for (const expr of exprs) {
    const value = evaluate(expr, lookup, found);
    if (value === SKIPPED) skipped = true;
    else out.push(value);
  }
  return skipped ? SKIPPED : out;
}

function special(key: string, body: Expr, whole: { readonly [key: string]: Expr }, lookup: Lookup, found: Findings): Value {
  switch (key) {
    case '$lit':
      return body;
    case '$ref': {
      const [root, ...path] = body as readonly string[];
      const at = lookup.root(root as string);
      if ('failed' in at) {
        found.blocked ??= at.failed;
        return null;
      }
      return at.value === SKIPPED ? SKIPPED : walk(at.value, path);
    }
    case '$orElse': {
      const [first, other] = body as readonly Expr[];
      const value = evaluate(first as Expr, lookup, found);
      return value === SKIPPED || value === null ? evaluate(other as Expr, lookup, found) : value;
    }
    case '$field': {
      const [of, field] = body as readonly [Expr, string];
      const value = evaluate(of, lookup, found);
      return value === SKIPPED ? SKIPPED : walk(value, [field]);
    }
    case '$pluck': {
      const [of, field] = body as readonly [Expr, string];
      const list = evaluate(of, lookup, found);
      if (list === SKIPPED) return SKIPPED;
      return Array.isArray(list) ? list.map((item) => walk(item as Json, [field])) : null;
    }
    case '$op': {
      const [name, ...args] = body as readonly [string, ...Expr[]];
      const values = evaluateAll(args, lookup, found);
      return values === SKIPPED ? SKIPPED : operate(name, values);
    }
    case '$text': {
      const parts = evaluateAll(body as readonly Expr[], lookup, found);
      return parts === SKIPPED ? SKIPPED : parts.map((part) => (typeof part === 'string' ? part : JSON.stringify(part))).join('');
    }
    case '$slice': {
      const request = sliceRequest(body, lookup, found);
      return request === SKIPPED ? SKIPPED : pinned(request, lookup, found);
    }
    case '$model': {
      const { name, optional } = body as { readonly name: Expr; readonly optional: boolean };
      const value = evaluate(name, lookup, found);
      return value === SKIPPED ? SKIPPED : pinned({ kind: 'model', name: value as string, optional }, lookup, found);
    }
    case '$stored':
    case '$storedPath':
      return whole;
    default:
      throw new Error(`the plan has an expression of an unknown kind: ${key}`);
  }
}

/** The request behind a `$slice`, its key resolved. */
export function sliceRequest(body: Expr, lookup: Lookup, found: Findings): PinRequest | typeof SKIPPED {
  const { dataset, how, key, span, ifAny } = body as {
    dataset: string;
    how: 'at' | 'window' | 'before' | 'where' | 'within';
    key: Expr;
    span?: string;
    ifAny?: true;
  };
  const value = evaluate(key, lookup, found);
  if (value === SKIPPED) return SKIPPED;
  return { kind: 'slice', dataset, how, key: value as JsonObject, ...(span !== undefined && { span }), ...(ifAny && { ifAny }) };
}

/** Key of a pin in the run's memo. */
export const pinKey = (request: PinRequest): string => canonicalJson(request as unknown as Json);

function pinned(request: PinRequest, lookup: Lookup, found: Findings): Json {
  if (found.blocked !== null) return null; // its key came from a step that failed
  const key = pinKey(request);
  const value = lookup.pin(key);
  if (value === undefined) {
    (found.pins ??= new Map()).set(key, request);
    return null;
  }
  if (value !== null && 'missing' in value) {
    found.missing ??= value.missing;
    return null;
  }
  return value as unknown as Json;
}

/** Follows a path into a value; into a stored one as far as it was kept inline, else the worker follows it. */
export function walk(start: Json, path: readonly string[]): Json {
  let value: Json = start;
  for (let i = 0; i < path.length; i++) {
    if (value === null || typeof value !== 'object') return null;
    if (isStored(value)) return walkStored(value, path.slice(i));
    const key = path[i] as string;
    if ('$storedPath' in value) {
      const inner = value['$storedPath'] as unknown as { readonly stored: Stored; readonly path: readonly string[] };
      return walkStored(inner.stored, [...inner.path, ...path.slice(i)]);
    }
    if (Array.isArray(value)) value = key === 'length' ? value.length : ((value[Number(key)] as Json | undefined) ?? null);
    else value = Object.hasOwn(value, key) ? ((value as JsonObject)[key] as Json) : null;
  }
  return value;
}

function walkStored(stored: Stored, path: readonly string[]): Json {
  const kept = stored.kept;
  if (kept) {
    for (let length = path.length; length >= 0; length--) {
      const key = path.slice(0, length).join('.');
      if (Object.hasOwn(kept, key)) return walk(kept[key] as Json, path.slice(length));
    }
  }
  return path.length === 0 ? (stored as unknown as Json) : ({ $storedPath: { stored, path } } as unknown as Json);
}

function operate(name: string, args: readonly Json[]): boolean {
  const [a, b] = args;
  switch (name) {
    case 'gt':
      return (a as number) > (b as number);
    case 'gte':
      return (a as number) >= (b as number);
    case 'lt':
      return (a as number) < (b as number);
    case 'lte':
      return (a as number) <= (b as number);
    case 'eq':
      return a === b;
    case 'all':
      return args.every((arg) => arg === true);
    case 'any':
      return args.some((arg) => arg === true);
    case 'not':
      return a !== true;
    case 'isNull':
      return a === null;
    default:
      throw new Error(`the plan has a condition of an unknown kind: ${name}`);
  }
}

/** A quick upper estimate of the JSON size of a value, bytes. */
export function roughBytes(value: Json): number {
  if (value === null || typeof value === 'boolean') return 5;
  if (typeof value === 'number') return 12;
  if (typeof value === 'string') return value.length * 2 + 2;
  let sum = 2;
  if (Array.isArray(value)) for (const item of value) sum += roughBytes(item as Json) + 1;
  else for (const key of Object.keys(value)) sum += key.length + 4 + roughBytes((value as JsonObject)[key] as Json);
  return sum;
}
