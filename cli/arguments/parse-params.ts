/** --param k=v and --params-file: values by the types of the pipeline's own schema. The server checks them in full. */
import { closestName } from '../../config/closest-name.ts';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import type { Json, JsonObject, JsonSchema } from '../../dsl/plan/types.ts';

/** `schema`: contracts.params of the plan. Throws HDL-BAD-PARAMS. */
export function parseParams(pipeline: string, schema: JsonSchema | null, given: readonly string[], base: JsonObject = {}): JsonObject {
  const properties = (schema?.['properties'] ?? {}) as Readonly<Record<string, JsonSchema>>; // a JSON Schema of an object
  const known = Object.keys(properties);
  const where = `pipeline ${pipeline}`;
  const check = (name: string): void => {
    if (schema === null)
      throw new HeddleError('HDL-BAD-PARAMS', {
        what: `${pipeline} takes no parameters, but "${name}" was given.`,
        where,
        fix: 'Leave it out, or declare params in the pipeline.',
      });
    if (known.includes(name) || (schema['additionalProperties'] !== false && known.length === 0)) return;
    const near = closestName(name, known);
    throw new HeddleError('HDL-BAD-PARAMS', {
      what: `${pipeline} has no parameter "${name}".${near === undefined ? '' : ` Did you mean "${near}"?`}`,
      where,
      fix: known.length > 0 ? `Its parameters: ${known.join(', ')}.` : undefined,
    });
  };
  for (const name of Object.keys(base)) check(name);
  const params: Record<string, Json> = { ...base };
  for (const text of given) {
    const equals = text.indexOf('=');
    if (equals < 1)
      throw new HeddleError('HDL-BAD-PARAMS', { what: `--param ${text} is not of the form name=value.`, where, fix: 'Write --param name=value.' });
    const name = text.slice(0, equals);
    check(name);
    params[name] = valueOf(name, text.slice(equals + 1), properties[name] ?? {}, where);
  }
  return params;
}

/** Text stays text where the schema takes only text; else it is JSON; else text where that is allowed too. */
function valueOf(name: string, text: string, schema: JsonSchema, where: string): Json {
  const types = typesOf(schema);
  if (types.size === 1 && types.has('string')) return text;
  try {
    const value = JSON.parse(text) as Json;
    if (typeof value !== 'string' || types.size === 0 || !types.has('string')) return value;
  } catch (error) {
    if (types.size === 0 || types.has('string')) return text;
    throw new HeddleError('HDL-BAD-PARAMS', {
      what: `The parameter "${name}" should be ${[...types].join(' or ')}, and ${JSON.stringify(text)} is not JSON.`,
      where,
      fix: `Write it as JSON, in quotes of the shell: --param '${name}=${exampleOf(types)}'.`,
      cause: error,
    });
  }
  return text;
}

/** JSON types that a schema takes, through anyOf and the types of enum values; empty: any. */
export function typesOf(schema: JsonSchema): Set<string> {
  const {
    type,
    anyOf,
    oneOf,
    enum: values,
    const: only,
  } = schema as { type?: string | string[]; anyOf?: JsonSchema[]; oneOf?: JsonSchema[]; enum?: Json[]; const?: Json }; // keywords of JSON Schema
  if (type !== undefined) return new Set([type].flat());
  const inner = anyOf ?? oneOf;
  if (inner) return new Set(inner.flatMap((one) => [...typesOf(one)]));
  return new Set((values ?? (only === undefined ? [] : [only])).map((value) => (value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value)));
}

const exampleOf = (types: ReadonlySet<string>): string =>
  types.has('array') ? '[1, 2]' : types.has('object') ? '{"a": 1}' : types.has('boolean') ? 'true' : types.has('null') && types.size === 1 ? 'null' : '3';
