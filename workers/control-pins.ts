/** Control activity heddle.pin: decides once for a run which partitions and model versions it reads. Server only. */
import type { ServerParts } from '../api/server-parts.ts';
import { keySetOf, type KeySet } from '../calendar/keys-of.ts';
import { findModel, handleOf } from '../catalog/models.ts';
import { getPin, keepPin, type PinValue } from '../catalog/pins.ts';
import type { ControlActivities, PinCall, PinRequest } from '../dsl/contract/control.ts';
import { HeddleError, isHeddleError } from '../dsl/errors/heddle-error.ts';
import type { DatasetDef, Plan } from '../dsl/plan/types.ts';
import type { Asker } from '../storage/datasets/foreign-files.ts';
import { keysPresent } from '../storage/datasets/keys-present.ts';
import { pinPresent, pinSlice } from '../storage/datasets/pin-slice.ts';
import { beating } from './beat.ts';
import { finalFailure } from './control-failure.ts';
import { planByHash } from './control-plans.ts';

export const pin =
  (parts: ServerParts): ControlActivities['heddle.pin'] =>
  async (call) => ({ pins: await beating((beat) => pinAll(parts, call, beat)) });

async function pinAll(parts: ServerParts, call: PinCall, asker: Asker): Promise<PinValue[]> {
  let plan: Plan | undefined;
  const pins: PinValue[] = [];
  for (const request of call.pins) {
    const kept = await getPin(parts.catalog.db, call.runId, request);
    if (kept !== undefined) {
      pins.push(kept);
      continue;
    }
    plan ??= await planByHash(parts, call.planHash);
    const value = await resolvePin(parts, call.project, plan, request, asker);
    // What is missing is no decision: an earlier step of this run may publish it, and the step that needs it asks again.
    const isMissing = value !== null && 'missing' in value;
    pins.push(isMissing ? value : await keepPin(parts.catalog.db, call.runId, request, value, Date.now()));
  }
  return pins;
}

/** What the request means now; { missing } where a partition or model is not there. */
export async function resolvePin(parts: ServerParts, project: string, plan: Plan, request: PinRequest, asker?: Asker): Promise<PinValue> {
  if (request.kind === 'model') {
    const model = await findModel(parts.catalog.db, project, request.name);
    if (model) return handleOf(model);
    return request.optional ? null : { missing: `model ${request.name}` };
  }
  const dataset = plan.contracts.datasets[request.dataset];
  if (!dataset)
    throw finalFailure(
      new HeddleError('HDL-PLAN-INVALID', { what: `The plan of ${plan.name} reads dataset ${request.dataset}, which its contracts do not hold.` }),
      'user',
    );
  const set = keysIn(dataset, request);
  const keys = await keysPresent(parts.store, dataset, set);
  if (set.open.length === 0) return (request.ifAny ? pinPresent : pinSlice)(parts.store, dataset, keys, asker);
  // of what is left open those partitions are meant that are published now; a folder may hold none
  const present = await pinPresent(parts.store, dataset, keys, asker);
  if (present !== null || request.ifAny) return present;
  return { missing: `${dataset.name}: no partition is there with ${describeSet(set)}` };
}

/** The partitions that the request names. A key that does not fit the dataset fails the step for good. */
function keysIn(dataset: DatasetDef, request: Extract<PinRequest, { kind: 'slice' }>): KeySet {
  const key = Object.fromEntries(Object.entries(request.key).map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]));
  try {
    return keySetOf(dataset.partitions, request.how, key, request.span);
  } catch (error) {
    throw isHeddleError(error) ? finalFailure(error, 'user') : error;
  }
}

/** 'day=2001-03-01, any page'. */
function describeSet({ keys, open }: KeySet): string {
  const fixed = Object.entries(keys[0] ?? {}).map(([name, value]) => `${name}=${value}${keys.length > 1 ? '...' : ''}`);
  return [...fixed, ...open.map((name) => `any ${name}`)].join(', ');
}
