import { describe, expect, it } from 'vitest';
import type { Lane } from '../../dsl/contract/step.ts';
import { LaneGate, laneLimits } from '../../workers/lane-gate.ts';
import { mulberry32 } from '../chaos/seeded.ts';

const LONG_MS = 60_000;
/** Fills a gate with waiters and lets them end one by one; gives the order in which they were let in. */
async function drain(
  gate: LaneGate,
  wants: readonly Lane[],
  endNext: (running: readonly Lane[]) => number,
): Promise<{ order: Lane[]; most: Record<Lane | 'both', number> }> {
  const order: Lane[] = [];
  const running: Lane[] = [];
  const most = { live: 0, backfill: 0, both: 0 };
  const started = (lane: Lane): void => {
    order.push(lane);
    running.push(lane);
    for (const one of ['live', 'backfill'] as const) most[one] = Math.max(most[one], running.filter((it) => it === one).length);
    most.both = Math.max(most.both, running.length);
  };
  for (const lane of wants) {
    const entered = gate.enter(lane, LONG_MS);
    if (entered === true) started(lane);
    else void entered.then((admitted) => admitted && started(lane));
  }
  while (running.length > 0) {
    const [lane] = running.splice(endNext(running), 1);
    if (lane) gate.leave(lane);
    await Promise.resolve();
    await Promise.resolve();
  }
  return { order, most };
}

describe('the slots of a class', () => {
  it('are never more than there are, nor a backfill above its most, whatever comes and ends', async () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = mulberry32(seed);
      const slots = 1 + Math.floor(random() * 9);
      const limits = laneLimits(slots);
      const wants = Array.from({ length: 60 }, (): Lane => (random() < 0.5 ? 'live' : 'backfill'));
      const { order, most } = await drain(new LaneGate(limits), wants, (running) => Math.floor(random() * running.length));
      expect(order.length, `seed ${seed}`).toBe(wants.length);
      expect(most.both).toBeLessThanOrEqual(slots);
      expect(most.backfill).toBeLessThanOrEqual(limits.most);
    }
  });

  it('keep a quarter free of backfills, so that a live step starts at once', () => {
    const gate = new LaneGate(laneLimits(8));
    for (let i = 0; i < 6; i++) expect(gate.enter('backfill', LONG_MS)).toBe(true);
    expect(gate.enter('backfill', 1)).not.toBe(true);
    expect(gate.enter('live', LONG_MS)).toBe(true);
    expect(gate.enter('live', LONG_MS)).toBe(true);
    expect(gate.enter('live', 1)).not.toBe(true);
  });

  it('give a backfill its guaranteed share while live work queues without end', async () => {
    const gate = new LaneGate(laneLimits(4));
    const wants: Lane[] = [...Array.from({ length: 100 }, (): Lane => 'live'), ...Array.from({ length: 25 }, (): Lane => 'backfill')];
    const { order } = await drain(gate, wants, () => 0);
    const half = order.slice(0, 64);
    expect(half.filter((lane) => lane === 'backfill').length).toBeGreaterThanOrEqual(14);
  });

  it('let live work go first where both wait and the backfill has its share', async () => {
    const gate = new LaneGate(laneLimits(4));
    expect(gate.enter('backfill', LONG_MS)).toBe(true);
    for (let i = 0; i < 3; i++) expect(gate.enter('live', LONG_MS)).toBe(true);
    const seen: string[] = [];
    const backfill = gate.enter('backfill', LONG_MS);
    const live = gate.enter('live', LONG_MS);
    void Promise.resolve(backfill).then(() => seen.push('backfill'));
    void Promise.resolve(live).then(() => seen.push('live'));
    gate.leave('live');
    await live;
    expect(seen).toEqual(['live']);
  });

  it('that cannot be divided go to the backfill every fourth turn or so', async () => {
    const wants: Lane[] = [...Array.from({ length: 40 }, (): Lane => 'live'), ...Array.from({ length: 10 }, (): Lane => 'backfill')];
    const { order } = await drain(new LaneGate(laneLimits(1)), wants, () => 0);
    expect(order.slice(0, 25).filter((lane) => lane === 'backfill').length).toBeGreaterThanOrEqual(4);
    expect(order.slice(0, 4)).not.toContain('backfill');
  });

  it('are not waited for longer than patience, nor after a cancel', async () => {
    const gate = new LaneGate(laneLimits(1));
    expect(gate.enter('live', LONG_MS)).toBe(true);
    expect(await gate.enter('live', 5)).toBe(false);
    const cancel = new AbortController();
    const entered = gate.enter('backfill', LONG_MS, cancel.signal);
    cancel.abort();
    expect(await entered).toBe(false);
    gate.leave('live');
    expect(gate.enter('live', LONG_MS)).toBe(true);
  });
});
