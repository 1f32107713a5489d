import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SlotBudget, type Ticket } from '../../workers/slot-budget.ts';
import { sharedBudget } from '../../workers/slot-supplier.ts';

describe('the shared budget of a pool', () => {
  it('is not needed when all classes fit at once', () => {
    expect(sharedBudget({ classes: { a: { slots: 2 }, b: { units: 4, slots: 1 } } })).toBeNull();
    expect(sharedBudget({ classes: { a: { slots: 2 }, b: { units: 4, slots: 1 } }, budget: 6 })).toBeNull();
    expect(sharedBudget({ classes: { a: { slots: 2 }, b: { units: 4, slots: 1 } }, budget: 4 })).not.toBeNull();
  });

  it('lets an idle class poll without taking room from the others', () => {
    const budget = new SlotBudget(4, { small: { units: 1, slots: 4 }, large: { units: 4, slots: 1 } });
    const tickets: string[] = [];
    budget.request('large', ({ klass }) => tickets.push(klass));
    for (let i = 0; i < 4; i++) budget.request('small', ({ klass }) => tickets.push(klass));
    expect(tickets).toEqual(['large', 'small', 'small', 'small', 'small']);
    expect([budget.enter('small'), budget.enter('small'), budget.enter('small'), budget.enter('small')]).toEqual([true, true, true, true]);
    expect(budget.unitsUsed).toBe(4);
  });

  it('sends a step back that finds no room, and then lets its class in before anybody younger', () => {
    const budget = new SlotBudget(4, { small: { units: 1, slots: 4 }, large: { units: 4, slots: 1 } });
    const granted: string[] = [];
    const held = new Map<string, Ticket[]>();
    const ask = (klass: string): void => {
      budget.request(klass, (ticket) => {
        granted.push(klass);
        held.set(klass, [...(held.get(klass) ?? []), ticket]);
      });
    };
    ask('large');
    ask('small');
    ask('small');
    expect([budget.enter('small'), budget.enter('small')]).toEqual([true, true]);
    expect(budget.enter('large')).toBe(false);
    budget.release(held.get('large')?.pop() as Ticket, true);
    ask('large');
    ask('small'); // younger than the claim of large: must wait although two units are free
    expect(granted).toEqual(['large', 'small', 'small']);
    for (let i = 0; i < 2; i++) {
      budget.leave('small');
      budget.release(held.get('small')?.pop() as Ticket, true);
    }
    expect(granted).toEqual(['large', 'small', 'small', 'large']);
    expect(budget.unitsUsed).toBe(4);
    expect(budget.enter('large')).toBe(true);
    budget.leave('large');
    expect(granted.at(-1)).toBe('small');
  });

  it('gives set-aside units back when the poll comes back empty', () => {
    const budget = new SlotBudget(2, { a: { units: 1, slots: 2 }, b: { units: 2, slots: 1 } });
    let ticket: Ticket | null = null;
    budget.request('a', () => undefined);
    expect(budget.enter('a')).toBe(true);
    expect(budget.enter('b')).toBe(false);
    budget.request('b', (given) => {
      ticket = given;
    });
    budget.leave('a');
    expect(budget.unitsUsed).toBe(2);
    budget.release(ticket as unknown as Ticket, false);
    expect(budget.unitsUsed).toBe(0);
  });

  it('gives set-aside units back when the poll brought what takes none: a publish, or a step without a task here', () => {
    const budget = new SlotBudget(2, { a: { units: 1, slots: 2 }, b: { units: 2, slots: 1 } });
    let ticket: Ticket | null = null;
    expect(budget.enter('a')).toBe(true);
    expect(budget.enter('b')).toBe(false);
    budget.request('b', (given) => {
      ticket = given;
    });
    budget.leave('a');
    expect(budget.unitsUsed).toBe(2);
    budget.release(ticket as unknown as Ticket, true); // it never entered
    expect(budget.unitsUsed).toBe(0);
    expect(budget.enter('a')).toBe(true);
  });

  it('never exceeds its units or the slots of a class, and lets every class in that waits long enough', () => {
    const names = ['a', 'b', 'c'];
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 6 }),
        fc.array(fc.record({ units: fc.integer({ min: 1, max: 6 }), slots: fc.integer({ min: 1, max: 3 }) }), { minLength: 3, maxLength: 3 }),
        fc.array(fc.record({ klass: fc.integer({ min: 0, max: 2 }), what: fc.constantFrom('request', 'arrive', 'leave', 'empty') }), { maxLength: 120 }),
        (budgetUnits, limits, events) => {
          const classes = Object.fromEntries(
            names.map((name, i) => [name, { units: Math.min(limits[i]?.units ?? 1, budgetUnits), slots: limits[i]?.slots ?? 1 }]),
          );
          const budget = new SlotBudget(budgetUnits, classes);
          const polling = new Map<string, Ticket[]>(names.map((name) => [name, []]));
          const running = new Map<string, Ticket[]>(names.map((name) => [name, []]));
          const asked = new Map<string, number>(names.map((name) => [name, 0]));
          const of = (map: Map<string, Ticket[]>, name: string): Ticket[] => map.get(name) as Ticket[];
          const check = (): void => {
            const units = names.reduce((sum, name) => sum + of(running, name).length * (classes[name]?.units ?? 0), 0);
            expect(units).toBeLessThanOrEqual(budgetUnits);
            expect(budget.unitsUsed).toBeGreaterThanOrEqual(units);
            for (const name of names) expect(of(running, name).length + of(polling, name).length).toBeLessThanOrEqual(classes[name]?.slots ?? 0);
          };
          const ask = (name: string): void => {
            asked.set(name, (asked.get(name) ?? 0) + 1);
            budget.request(name, (ticket) => {
              asked.set(name, (asked.get(name) ?? 0) - 1);
              of(polling, name).push(ticket);
            });
          };
          const leave = (name: string): void => {
            const ticket = of(running, name).shift();
            if (!ticket) return;
            budget.leave(name);
            budget.release(ticket, true);
          };
          for (const { klass, what } of events) {
            const name = names[klass] as string;
            if (what === 'request') ask(name);
            else if (what === 'leave') leave(name);
            else {
              const ticket = of(polling, name).shift();
              if (!ticket) continue;
              if (what === 'empty') budget.release(ticket, false);
              else if (budget.enter(name)) of(running, name).push(ticket);
              else budget.release(ticket, true);
            }
            check();
          }
          // everything ends: each class that asked gets a ticket
          for (let round = 0; round < 200; round++)
            for (const name of names) {
              leave(name);
              const ticket = of(polling, name).shift();
              if (ticket) budget.release(ticket, false);
            }
          for (const name of names) expect(asked.get(name)).toBe(0);
          expect(budget.unitsUsed).toBe(0);
        },
      ),
      { numRuns: 300 },
    );
  });
});
