/** What runs of one process share: plans that are equal, and nothing else. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Skeleton } from '../../dsl/plan/types.ts';
import { sharedPlan } from '../../workflows/driver/shared-plans.ts';

const plan = (name: string, nodes = 1): Skeleton => ({
  format: 1,
  name,
  onFailure: 'fail',
  dimensions: [],
  tasks: {},
  body: { nodes: Array.from({ length: nodes }, (_, i) => ({ kind: 'task', id: `s${i}`, task: 'a@1', input: { x: { $lit: i } } })), output: null },
  always: null,
  calls: {},
});

describe('sharedPlan', () => {
  it('gives one copy for equal plans of a hash, and nobody can change it', () => {
    const first = sharedPlan('h1', plan('p'));
    expect(sharedPlan('h1', plan('p'))).toBe(first);
    expect(() => {
      (first.body.nodes as unknown[]).push({});
    }).toThrow(TypeError);
  });

  it('does not trust the hash: a run whose plan is another keeps its own', () => {
    sharedPlan('h2', plan('p'));
    const forged = plan('p', 2);
    expect(sharedPlan('h2', forged)).toBe(forged);
    expect(sharedPlan('h2', plan('p')).body.nodes).toHaveLength(1);
  });

  it('forgets the plan that was asked for longest ago when it holds too much', () => {
    const old = sharedPlan('h3', plan('old'));
    const used = sharedPlan('h4', plan('used'));
    for (let i = 0; i < 4; i++) {
      sharedPlan(`large${i}`, plan('large', 30_000));
      expect(sharedPlan('h4', plan('used'))).toBe(used);
    }
    expect(sharedPlan('h3', plan('old'))).not.toBe(old);
  });
});

it('modules of the interpreter hold nothing that changes, but for what this test knows: they are loaded once for all runs', () => {
  const folder = fileURLToPath(new URL('../../workflows', import.meta.url));
  const changing = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .flatMap((name) =>
      readFileSync(join(folder, name), 'utf8')
        .split('\n')
        .filter((line) => /^(export )?(let |const \w+(: [^=]+)? = (new (Map|WeakMap|Set)(<.*>)?\(\)|\[\];|\{\};))/.test(line))
        .map((line) => `${name}: ${/(?:let|const) (\w+)/.exec(line)?.[1]}`),
    );
  expect(changing.toSorted()).toEqual([
    'driver/shared-plans.ts: kept',
    'driver/shared-plans.ts: nodesKept',
    'scheduler/free-refs.ts: shapes', // by block, which does not change
    'scheduler/plan-weight.ts: weights',
  ]);
});
