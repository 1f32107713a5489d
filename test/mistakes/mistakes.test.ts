/** Mistakes of authors: each is planted once, caught by the catcher that it names, and answered with the golden text. */
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { CATCHERS, goldenOf, plantMistakes, readMistakes, showCaught, type Caught } from './plant.ts';

let caught: readonly Caught[] = [];
beforeAll(async () => {
  caught = await plantMistakes();
});

test('at least forty kinds are planted, each under a name of its own', () => {
  const names = CATCHERS.flatMap(readMistakes).map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(names.length).toBeGreaterThanOrEqual(40);
});

describe.each(CATCHERS)('mistakes that the %s catches', (catcher) => {
  test.each(readMistakes(catcher).map(({ name }) => name))('%s is caught there, with its line, column and mend', (name) => {
    const problems = caught.find(({ mistake }) => mistake.name === name && mistake.catcher === catcher)?.problems ?? [];
    expect(problems.length).toBeGreaterThan(0);
    for (const problem of problems)
      expect(problem).toMatchObject({ catcher, line: expect.any(Number), column: expect.any(Number), fix: expect.stringMatching(/\S/) });
  });

  test('the messages are the golden ones (rewritten by test/mistakes/update.ts)', () => {
    expect(showCaught(caught, catcher)).toBe(readFileSync(goldenOf(catcher), 'utf8'));
  });
});
