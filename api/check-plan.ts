/** Checks a plan that a client sent: its hash, then its shape. The server never runs authors' code, so this is all it has. Server only. */
import { existsSync, readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { HeddleError } from '../dsl/errors/heddle-error.ts';
import { PLAN_FORMAT, type JsonObject, type Plan } from '../dsl/plan/types.ts';
import { planHashOf } from '../storage/digest.ts';

/** Throws HDL-PLAN-INVALID, HDL-PLAN-HASH. */
export function checkPlan(plan: JsonObject, hash: string): Plan {
  const problem = shapeProblem(plan);
  if (problem)
    throw new HeddleError('HDL-PLAN-INVALID', {
      what: `The plan does not fit: ${problem}.`,
      where: typeof plan['name'] === 'string' ? `pipeline ${plan['name']}` : undefined,
    });
  const checked = plan as unknown as Plan; // by the schema, the line before
  const own = planHashOf(checked);
  if (own !== hash) {
    throw new HeddleError('HDL-PLAN-HASH', {
      what: `The plan of ${checked.name} has the hash ${own}, not ${hash}.`,
      where: `pipeline ${checked.name}`,
      why: 'It was changed after it was compiled, or client and server compute hashes differently.',
    });
  }
  return checked;
}

function shapeProblem(plan: JsonObject): string | null {
  const { format, name, skeleton, contracts } = plan;
  if (typeof format !== 'number') return '$.format is missing';
  if (format > PLAN_FORMAT) return `$.format is ${format}; this server knows formats up to ${PLAN_FORMAT}`;
  if (typeof name !== 'string' || name === '') return '$.name is missing';
  for (const [field, value] of Object.entries({ skeleton, contracts, places: plan['places'] }))
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return `$.${field} is no object`;
  const { name: inner, body, tasks } = skeleton as JsonObject;
  if (inner !== name) return `$.skeleton.name is ${JSON.stringify(inner)}, not ${JSON.stringify(name)}`;
  if (typeof tasks !== 'object' || tasks === null) return '$.skeleton.tasks is no object';
  if (typeof body !== 'object' || body === null || !Array.isArray((body as JsonObject)['nodes'])) return '$.skeleton.body.nodes is no list';
  const validate = schemaValidator();
  if (!validate || validate(plan)) return null;
  const [error] = validate.errors ?? [];
  return `$${(error?.instancePath ?? '').replaceAll('/', '.')} ${error?.message ?? 'has another shape'}`;
}

let compiled: ValidateFunction | null | undefined;

/** Of docs/plan.schema.json beside the sources or the built files. */
function schemaValidator(): ValidateFunction | null {
  if (compiled !== undefined) return compiled;
  const file = [new URL('../docs/plan.schema.json', import.meta.url), new URL('../../docs/plan.schema.json', import.meta.url)].find((url) => existsSync(url));
  compiled = file ? new Ajv2020({ strict: false, validateFormats: false }).compile(JSON.parse(readFileSync(file, 'utf8')) as JsonObject) : null; // our own file
  return compiled;
}
