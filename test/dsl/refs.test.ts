import { describe, expect, it } from 'vitest';
import { text, when, eq, map, pipeline } from 'heddle';
import { draft, problemsOf } from './draft.ts';
import { Day, one, say } from './tasks.ts';

const message = (body: () => unknown) => {
  const [problem] = problemsOf(body);
  return problem ? `${problem.code} ${problem.what} ${problem.where}` : 'no problem';
};

describe('a ref that is used as a value', () => {
  it('throws in a template string and says which one', () => {
    // oxlint-disable-next-line typescript/no-base-to-string -- the mistake under test
    expect(message(() => void say({ text: `got ${String(one().n)}` }))).toMatch(
      /^HDL-REF-MISUSE A ref \(one\.n\) was turned into a string or a number .* refs\.test\.ts:\d+:\d+$/,
    );
  });
  it('throws when it is added to', () => {
    expect(message(() => (one().n as unknown as number) + 1)).toMatch(/^HDL-REF-MISUSE .* turned into a string or a number/);
  });
  it('throws in JSON.stringify', () => {
    expect(message(() => JSON.stringify({ a: one() }))).toMatch(/^HDL-REF-MISUSE .* turned into JSON/);
  });
  it('throws when it is looped over or spread into a list', () => {
    expect(message(() => [...(one() as unknown as unknown[])])).toMatch(/^HDL-REF-MISUSE .* looped over/);
  });
  it('throws when it is spread into an object or its keys are listed', () => {
    expect(message(() => ({ ...one() }))).toMatch(/^HDL-REF-MISUSE .* spread or listed/);
    expect(message(() => Object.keys(one()))).toMatch(/^HDL-REF-MISUSE .* spread or listed/);
  });
  it("throws with 'in'", () => {
    expect(message(() => 'n' in one())).toMatch(/^HDL-REF-MISUSE .* asked with 'in'/);
  });
  it('throws as an index of an array', () => {
    expect(message(() => ['a', 'b'][one().n as unknown as number])).toMatch(/^HDL-REF-MISUSE/);
  });
  it('answers undefined to then, so that an await does not hang, and the async body is refused', () => {
    // oxlint-disable-next-line typescript/await-thenable -- the mistake under test
    expect(message(async () => await one())).toMatch(/^HDL-ASYNC-BODY/);
  });
});

describe('what is given to a step', () => {
  it('must be JSON', () => {
    const give = (value: unknown) => message(() => say({ text: value as string }));
    expect(give(new Date(0))).toMatch(/^HDL-NOT-JSON A Date was given where only JSON can go/);
    expect(give(new Map())).toMatch(/^HDL-NOT-JSON A Map/);
    expect(give(1n)).toMatch(/^HDL-NOT-JSON A bigint/);
    expect(give(Number.NaN)).toMatch(/^HDL-NOT-JSON NaN is a number that JSON does not have/);
    expect(give(() => 1)).toMatch(/^HDL-NOT-JSON A function/);
    expect(give([undefined])).toMatch(/^HDL-NOT-JSON Undefined/);
    expect(give(say)).toMatch(/^HDL-NOT-JSON Say itself was given .* call it, say\(/);
    expect(give(Symbol('x'))).toMatch(/^HDL-NOT-JSON A symbol/);
  });
  it('is no partition as a whole', () => {
    const p = pipeline({ name: 'p', partitions: Day }, ({ partition }) => void say({ text: partition as never }));
    expect(draft(p).problems[0]?.what).toMatch(/the partition itself is no value/i);
  });
  it('may be an object with a key that begins with $, when it holds no ref', () => {
    expect(problemsOf(() => say({ text: { $x: 1 } as never }))).toEqual([]);
    expect(message(() => say({ text: { $x: one().name } as never }))).toMatch(/^HDL-NOT-JSON .*begins with \$/);
  });
});

describe('a value from inside a block', () => {
  it('does not leave it but by being returned', () => {
    let leaked: unknown;
    expect(
      message(() => {
        when(eq(one().n, 1), () => {
          leaked = one({}, { id: 'inner' });
        });
        say({ text: leaked as string });
      }),
    ).toMatch(/^HDL-REF-LEAK "inner" was made inside when and is used outside of it/);
  });
  it('does not leave it within a condition or a text either', () => {
    let leaked: unknown;
    expect(
      message(() => {
        map([1, 2], (item) => {
          leaked = text`${item}!`;
        });
        say({ text: leaked as string });
      }),
    ).toMatch(/^HDL-REF-LEAK "\$item0" was made inside map/);
  });
});

describe('a step outside of a body', () => {
  it('is an error that names task.run', () => {
    expect(() => one()).toThrow(/HDL-OUTSIDE-PIPELINE: one was called outside a pipeline body\.\n {2}where: .*refs\.test\.ts:\d+:\d+\n[^]*task\.run/);
    expect(() => map([1], () => null)).toThrow(/HDL-OUTSIDE-PIPELINE/);
    expect(() => when(true as never, () => null)).toThrow(/HDL-OUTSIDE-PIPELINE/);
  });
  it('is one after the body has ended too', async () => {
    let late: Promise<unknown> = Promise.resolve();
    problemsOf(() => {
      late = Promise.resolve().then(() => one());
    });
    await expect(late).rejects.toThrow(/HDL-OUTSIDE-PIPELINE/);
  });
});
