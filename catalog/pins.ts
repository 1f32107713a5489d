/** What a run was given to read, decided once: the same request gets the same answer for the whole run. Server only. */
import type { PinRequest, PinResult } from '../dsl/contract/control.ts';
import type { ModelHandle, SliceHandle } from '../dsl/contract/step.ts';
import { canonicalJson } from '../dsl/plan/canonical-json.ts';
import type { CatalogDb } from './catalog.ts';
import { fromColumn, toColumn } from './json-column.ts';

export type PinValue = PinResult['pins'][number];

const keyOf = (request: PinRequest): string => canonicalJson(request as never); // a pin request is plain JSON

/** Pins of a run so far, by canonical request. */
export async function getPin(db: CatalogDb, runId: string, request: PinRequest): Promise<PinValue | undefined> {
  const row = await db.selectFrom('pins').select('value').where('run_id', '=', runId).where('request', '=', keyOf(request)).executeTakeFirst();
  return row && fromColumn<PinValue>(row.value);
}

/** Keeps a pin and gives the one that stands: an earlier one, if another attempt was first. */
export async function keepPin(db: CatalogDb, runId: string, request: PinRequest, value: PinValue, at: number): Promise<PinValue> {
  await db
    .insertInto('pins')
    .values({ run_id: runId, request: keyOf(request), value: toColumn(value), at })
    .onConflict((on) => on.columns(['run_id', 'request']).doNothing())
    .execute();
  return (await getPin(db, runId, request)) as PinValue; // inserted or there before, so never undefined
}

/** The version that a run saw behind 'name@alias'; null: it saw none; undefined: it did not look. */
export async function pinnedVersion(db: CatalogDb, runId: string, reference: string): Promise<string | null | undefined> {
  for (const optional of [true, false]) {
    const value = await getPin(db, runId, { kind: 'model', name: reference, optional });
    if (value === undefined) continue;
    return value !== null && 'version' in value ? value.version : null;
  }
  return undefined;
}

/** Slices and models that the run was given, in no order. */
export async function pinsOfRun(db: CatalogDb, runId: string): Promise<(SliceHandle | ModelHandle)[]> {
  const rows = await db.selectFrom('pins').select('value').where('run_id', '=', runId).execute();
  return rows.map((row) => fromColumn<PinValue>(row.value)).filter((value) => value !== null && 'kind' in value);
}

/** When the run was first given something to read; null: it never was. */
export async function firstPinAt(db: CatalogDb, runId: string): Promise<number | null> {
  const row = await db
    .selectFrom('pins')
    .select((eb) => eb.fn.min('at').as('at'))
    .where('run_id', '=', runId)
    .executeTakeFirst();
  return row?.at == null ? null : Number(row.at);
}

/** A retry pins anew what was missing before; what was there, or was optional and not there, stays as the run saw it. */
export async function forgetMissingPins(db: CatalogDb, runId: string): Promise<void> {
  await db.deleteFrom('pins').where('run_id', '=', runId).where('value', 'like', '{"missing":%').execute();
}
