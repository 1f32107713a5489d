/**
 * Which slices and models are pinned, which are asked for, and who waits for them. A pin is made once a run; at the run's
 * start one request asks for all whose key is known from params and partition. Pure, runs in the sandbox.
 */
import type { PinRequest } from '../../dsl/contract/control.ts';
import type { Command, PinValue } from './messages.ts';
import type { NodeRun } from './node-run.ts';

export class PinBoard {
  readonly memo: { [key: string]: PinValue };
  private asked = new Map<number, { readonly keys: readonly string[]; readonly forStep: NodeRun | null }>();
  private waiters = new Map<string, NodeRun[]>();
  private nextId = 1;

  constructor(memo: Readonly<Record<string, PinValue>>) {
    this.memo = { ...memo };
  }

  get open(): number {
    return this.asked.size;
  }

  /** The command for what is not asked for yet; null when the step only joins those who wait. */
  ask(pins: ReadonlyMap<string, PinRequest>, forStep: NodeRun | null): Command | null {
    const keys: string[] = [];
    const requests: PinRequest[] = [];
    for (const [key, request] of pins) {
      const waiting = this.waiters.get(key);
      if (waiting && forStep && !forStep.askedPins) waiting.push(forStep);
      else {
        keys.push(key);
        requests.push(request);
      }
    }
    if (keys.length === 0) return null;
    if (forStep) forStep.askedPins = true;
    const id = this.nextId++;
    this.asked.set(id, { keys, forStep });
    for (const key of keys) if (!this.waiters.has(key)) this.waiters.set(key, []);
    return { type: 'pin', id, pins: requests };
  }

  /** Takes an answer; gives the steps that can go on, null for an unknown request. */
  take(id: number, pins: readonly PinValue[] | null): ReadonlySet<NodeRun> | null {
    const asked = this.asked.get(id);
    if (!asked) return null;
    this.asked.delete(id);
    const freed = new Set<NodeRun>();
    if (asked.forStep) freed.add(asked.forStep);
    asked.keys.forEach((key, i) => {
      const value = pins?.[i];
      // At the start a partition may not be there yet: a step that needs it asks again when its turn comes.
      if (value !== undefined && (asked.forStep !== null || value === null || !('missing' in value))) this.memo[key] = value;
      for (const run of this.waiters.get(key) ?? []) freed.add(run);
      this.waiters.delete(key);
    });
    return freed;
  }

  /** What was missing may be there now: a person mended it. */
  forgetMissing(): void {
    for (const [key, value] of Object.entries(this.memo)) if (value !== null && 'missing' in value) delete this.memo[key];
  }
  clearOpen(): void {
    this.asked = new Map();
    this.waiters = new Map();
  }
}
