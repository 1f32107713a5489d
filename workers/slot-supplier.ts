/** SlotBudget as Temporal's slot supplier of one class. A custom supplier costs 0.3 ms of CPU a step, so it is used only where classes compete. */
import type { ActivitySlotInfo, CustomSlotSupplier, FixedSizeSlotSupplier, SlotPermit, SlotReserveContext } from '@temporalio/worker';
import type { PoolConfig } from '../dsl/config.ts';
import type { Lane } from '../dsl/contract/step.ts';
import { laneLimits, type LaneLimits } from './lane-gate.ts';
import { SlotBudget, type ClassLimits, type Ticket } from './slot-budget.ts';

export const DEFAULT_SLOTS = 8;

export function limitsOf(pool: PoolConfig): Record<string, ClassLimits> {
  return Object.fromEntries(Object.entries(pool.classes).map(([name, { units = 1, slots = DEFAULT_SLOTS }]) => [name, { units, slots }]));
}

/** null where all classes fit at once: then each has slots of its own. Each class counts once a lane: see LaneGate for what they share. */
export function sharedBudget(pool: PoolConfig): SlotBudget | null {
  const limits = limitsOf(pool);
  const all = Object.values(limits).reduce((sum, { units, slots }) => sum + units * slots, 0);
  if (pool.budget === undefined || pool.budget >= all) return null;
  const lanes = Object.entries(limits).flatMap(([klass, own]) => [
    [laneClass(klass, 'live'), own] as const,
    [laneClass(klass, 'backfill'), { ...own, slots: lanesOf(pool, klass).most }] as const,
  ]);
  return new SlotBudget(pool.budget, Object.fromEntries(lanes));
}

/** Name of a lane of a class in the shared budget. */
export const laneClass = (klass: string, lane: Lane): string => (lane === 'live' ? klass : `${klass}/${lane}`);

export const lanesOf = (pool: PoolConfig, klass: string): LaneLimits => laneLimits(pool.classes[klass]?.slots ?? DEFAULT_SLOTS, pool.classes[klass]?.backfill);

export const fixedSlots = (numSlots: number): FixedSizeSlotSupplier => ({ type: 'fixed-size', numSlots });

/** A permit is a Ticket. */
export const budgetSlots = (budget: SlotBudget, klass: string): CustomSlotSupplier<ActivitySlotInfo> => ({
  type: 'custom',
  reserveSlot(_ctx: SlotReserveContext, abort: AbortSignal): Promise<SlotPermit> {
    return new Promise((resolve, reject) => {
      const withdraw = budget.request(klass, (ticket) => {
        resolve(ticket);
      });
      abort.addEventListener(
        'abort',
        () => {
          withdraw();
          reject(abort.reason as Error); // the SDK wants its own back
        },
        { once: true },
      );
    });
  },
  tryReserveSlot: () => null, // eager steps come only to the process of the workflow worker
  markSlotUsed: () => undefined, // the step takes its units itself: the supplier never sees which step it is
  releaseSlot(ctx) {
    budget.release(ctx.permit as Ticket, ctx.slotInfo !== undefined);
  }, // our own permit comes back
});
