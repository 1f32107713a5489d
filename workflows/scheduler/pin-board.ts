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

  /** What was not there when a step asked for it: true for that step alone, another may come after it is published. */
  private absent = new Map<NodeRun, Map<string, PinValue>>();

  constructor(memo: Readonly<Record<string, PinValue>>) {
    this.memo = { ...memo };
  }

  get open(): number {
    return this.asked.size;
  }

  /** undefined: not asked for yet. */
  value(key: string, forStep: NodeRun | null): PinValue | undefined {
    const pinned = this.memo[key];
    return pinned === undefined && forStep ? this.absent.get(forStep)?.get(key) : pinned;
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
      // What is missing is no pin: at the start nobody needs it yet, later it is an answer to the step that asked.
      if (value === undefined) return;
      if (value === null || !('missing' in value)) this.memo[key] = value;
      else if (asked.forStep) this.absentFor(asked.forStep).set(key, value);
    });
    for (const key of asked.keys) {
      for (const run of this.waiters.get(key) ?? []) freed.add(run);
      this.waiters.delete(key);
    }
    return freed;
  }
  private absentFor(run: NodeRun): Map<string, PinValue> {
    let known = this.absent.get(run);
    if (!known) this.absent.set(run, (known = new Map()));
    return known;
  }

  /** What was missing may be there now: a person mended it. */
  forgetMissing(): void {
    this.absent = new Map();
  }
  clearOpen(): void {
    this.asked = new Map();
    this.waiters = new Map();
  }
}
