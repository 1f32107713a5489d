/**
 * Control activity heddle.watch: registers a wait or an approval and looks at once. workers/server-watches.ts goes on
 * looking. Server only.
 */
import type { ServerParts } from '../api/server-parts.ts';
import { keepPin } from '../catalog/pins.ts';
import { noteWait, putWait, removeWait, satisfyWait, type WaitRow } from '../catalog/waits.ts';
import type { ControlActivities, WatchResult } from '../dsl/contract/control.ts';
import { isHeddleError } from '../dsl/errors/heddle-error.ts';
import type { Json } from '../dsl/plan/types.ts';
import type { Asker } from '../storage/datasets/foreign-files.ts';
import { beating } from './beat.ts';
import { finalFailure } from './control-failure.ts';
import { resolvePin } from './control-pins.ts';
import { planByHash } from './control-plans.ts';

export const watch =
  (parts: ServerParts): ControlActivities['heddle.watch'] =>
  async (call) => {
    const wait = await putWait(parts.catalog.db, call, Date.now());
    const result = await beating((beat) => lookAt(parts, wait, beat)).catch((error: unknown) => {
      throw isHeddleError(error) && error.code === 'HDL-BAD-URI' ? finalFailure(error, 'user') : error; // it would never hold
    });
    // The answer goes back as this activity's result: no signal is needed, and an activity that runs again looks again.
    if (result.state === 'satisfied') await removeWait(parts.catalog.db, call.runId, call.step);
    if (call.on.kind === 'gate')
      await parts.notify(parts.catalog.db, 'approval', `${call.runId}/${call.step}`, {
        runId: call.runId,
        step: call.step,
        ask: call.on.ask,
        show: call.on.show,
        from: call.on.from,
      });
    return result;
  };

/** Whether a wait holds now. A slice that has come is pinned, so that the run reads exactly what satisfied it. */
export async function lookAt(parts: ServerParts, wait: WaitRow, asker?: Asker): Promise<WatchResult> {
  if (wait.satisfiedAt !== null) return { state: 'satisfied', value: wait.value };
  const { on } = wait;
  const now = Date.now();
  if (on.kind === 'gate') return { state: 'waiting', why: `for an answer from ${on.from.join(' or ')}` };
  if (on.kind === 'event') return { state: 'waiting', why: `for the event "${on.event}"` };
  let why: string;
  if (on.kind === 'path') {
    const found = await parts.store.stat(on.uri);
    if (found) return satisfied(parts, wait, { uri: parts.store.resolve(on.uri), bytes: found.bytes }, now);
    why = `for ${on.uri}`;
  } else {
    const value = await resolvePin(parts, wait.project, await planByHash(parts, wait.planHash), on.request, asker);
    if (value !== null && !('missing' in value)) {
      return satisfied(parts, wait, (await keepPin(parts.catalog.db, wait.runId, on.request, value, now)) as unknown as Json, now); // a slice handle is plain JSON
    }
    why = `for ${value === null ? 'its data' : value.missing}`;
  }
  if (why !== wait.why) await noteWait(parts.catalog.db, wait.runId, wait.step, { why });
  return { state: 'waiting', why };
}

async function satisfied(parts: ServerParts, wait: WaitRow, value: Json, at: number): Promise<WatchResult> {
  await satisfyWait(parts.catalog.db, wait.runId, wait.step, value, at);
  return { state: 'satisfied', value };
}
