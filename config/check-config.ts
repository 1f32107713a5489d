/** Checks what heddle.config.ts exports and says every mistake in one go, in words. Used by load-config.ts. */
import type { z } from 'zod';
import { HeddleError } from '../dsl/errors/heddle-error.ts';
import { closestName } from './closest-name.ts';
import { configSchema, type CheckedConfig } from './config-schema.ts';

/** Throws HDL-CONFIG-INVALID with one line a mistake. */
export function checkConfig(value: unknown, file: string): CheckedConfig {
  const parsed = configSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.flatMap(describe);
  throw new HeddleError('HDL-CONFIG-INVALID', {
    what: lines.length === 1 ? `${lines[0]}.` : `${lines.length} values cannot be used:\n    ${lines.join('\n    ')}`,
    where: file,
  });
}

function describe(issue: z.core.$ZodIssue): string[] {
  const at = issue.path.map(String).join('.');
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(issue.path);
    return issue.keys.map((key) => {
      const near = closestName(key, known);
      const place = at === '' ? `"${key}"` : `"${at}.${key}"`;
      return `${place} is not known; ${near ? `did you mean "${near}"?` : `it may be ${known.join(', ')}`}`;
    });
  }
  return [`"${at === '' ? 'the default export' : at}" should be ${expected(issue)}`];
}

function expected(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type')
    return `${issue.expected === 'record' ? 'an object' : article(issue.expected)}${issue.input === undefined ? ', and is missing' : ''}`;
  if (issue.code === 'invalid_value') return issue.values.map((value) => JSON.stringify(value)).join(' or ');
  return issue.message;
}

const article = (type: string): string => `${/^[aeiou]/.test(type) ? 'an' : 'a'} ${type}`;

/** Names that an object at a path of the schema may have. */
function keysAt(path: readonly PropertyKey[]): string[] {
  let schema: unknown = configSchema;
  for (const segment of path) schema = inside(bare(schema), segment);
  const shape = (bare(schema) as { shape?: object } | undefined)?.shape; // zod's objects carry their shape
  return Object.keys(shape ?? {});
}

/** Zod's own definition of a schema, as far as this walks it. */
interface Definition {
  readonly type: string;
  readonly innerType?: unknown;
  readonly valueType?: unknown;
  readonly element?: unknown;
  readonly shape?: Readonly<Record<string, unknown>>;
}
const definitionOf = (schema: unknown): Definition | undefined => (schema as { def?: Definition } | undefined)?.def; // public in zod 4

function bare(schema: unknown): unknown {
  const def = definitionOf(schema);
  return def?.type === 'optional' ? bare(def.innerType) : schema;
}

function inside(schema: unknown, segment: PropertyKey): unknown {
  const def = definitionOf(schema);
  if (def?.type === 'object') return def.shape?.[String(segment)];
  return def?.type === 'record' ? def.valueType : def?.element;
}
