/**
 * Parameters of a run against the pipeline's JSON Schema: defaults filled in, the first mistake named by its path. Server only.
 */
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import type { Json, JsonSchema, Plan } from '../../dsl/plan/types.ts';
import { closestName } from '../../config/closest-name.ts';

/** Formats are the worker's matter: it validates with the author's own schema. */
const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: false, useDefaults: true });

/** The parameters with defaults. Throws HDL-BAD-PARAMS. */
export function checkParams(plan: Pick<Plan, 'name' | 'contracts'>, params: Json): Json {
  const schema = plan.contracts.params;
  const where = `pipeline ${plan.name}`;
  if (schema === null) {
    if (params === null || (typeof params === 'object' && !Array.isArray(params) && Object.keys(params).length === 0)) return {};
    throw new HeddleError('HDL-BAD-PARAMS', {
      what: `${plan.name} takes no parameters, but got ${JSON.stringify(params).slice(0, 200)}.`,
      where,
      fix: 'Leave the parameters out.',
    });
  }
  const given = structuredClone(params ?? {}) as Json;
  refuseUnknown(schema, given, where);
  const problem = firstProblem(schema, given);
  if (problem) throw new HeddleError('HDL-BAD-PARAMS', { what: `The parameter ${problem}.`, where });
  return given;
}

/** Null, or the first mistake: '$.rates[0] must be number'. Fills defaults into `value`. */
export function firstProblem(schema: JsonSchema, value: unknown): string | null {
  let validate;
  try {
    validate = ajv.compile(schema);
  } catch (error) {
    return `schema cannot be used: ${error instanceof Error ? error.message : String(error)}`;
  }
  if (validate(value)) return null;
  const [error] = validate.errors ?? [];
  return error ? textOf(error) : '$ does not fit';
}

function textOf(error: ErrorObject): string {
  const path = `$${error.instancePath
    .split('/')
    .slice(1)
    .map((part) => (/^\d+$/.test(part) ? `[${part}]` : `.${part.replaceAll('~1', '/').replaceAll('~0', '~')}`))
    .join('')}`;
  if (error.keyword === 'required') return `${path}.${String(error.params['missingProperty'])} is missing`;
  if (error.keyword === 'additionalProperties') return `${path}.${String(error.params['additionalProperty'])} is not known`;
  if (error.keyword === 'enum') return `${path} must be one of ${JSON.stringify(error.params['allowedValues'])}`;
  return `${path} ${error.message ?? 'does not fit'}`;
}

/** Unknown names are refused even where the schema is open: a mistyped name would silently take the default. */
function refuseUnknown(schema: JsonSchema, params: Json, where: string): void {
  const properties = schema['properties'];
  if (typeof params !== 'object' || params === null || Array.isArray(params) || typeof properties !== 'object' || properties === null) return;
  if (typeof schema['additionalProperties'] === 'object' || schema['additionalProperties'] === true) return;
  const known = Object.keys(properties);
  for (const name of Object.keys(params)) {
    if (known.includes(name)) continue;
    const near = closestName(name, known);
    throw new HeddleError('HDL-BAD-PARAMS', {
      what: `The parameter $.${name} is not known.${near === undefined ? '' : ` Did you mean "${near}"?`}`,
      where,
      fix: known.length > 0 ? `Known parameters: ${known.join(', ')}.` : 'The pipeline takes no parameters.',
    });
  }
}
