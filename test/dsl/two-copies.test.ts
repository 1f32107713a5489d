import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { canonicalJson } from '../../dsl/plan/canonical-json.ts';
import { inPipeline, planOf } from './draft.ts';
import { add } from './tasks.ts';
import * as mine from 'heddle';

const root = join(import.meta.dirname, '../..');
mkdirSync(join(root, '.heddle'), { recursive: true });
const folder = mkdtempSync(join(root, '.heddle/copy-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

it("an author's copy of heddle and the compiler's understand each other", async () => {
  cpSync(join(root, 'dsl'), join(folder, 'dsl'), { recursive: true, filter: (file) => !file.endsWith('tsconfig.json') });
  const other = (await import(join(folder, 'dsl/index.ts'))) as typeof mine;
  expect(other.task).not.toBe(mine.task);
  const theirs = other.task({
    name: 'add',
    version: '1',
    input: other.z.object({ a: other.z.number(), b: other.z.number().default(1) }),
    output: other.z.object({ sum: other.z.number() }),
  });
  const body = (task: typeof theirs, dsl: typeof other) => () => {
    const first = task({ a: 1 });
    const list = dsl.map([1, 2], (a) => task({ a, b: first.sum }, { id: 'in' }));
    return { list, big: dsl.when(dsl.gte(first.sum, 2), () => task({ a: 1 }, { id: 'big' })).orElse(null) };
  };
  const skeleton = (plan: ReturnType<typeof planOf>) => canonicalJson(plan.skeleton as never);
  const mixed = planOf(other.pipeline({ name: 'p' }, body(theirs, other)));
  expect(skeleton(mixed)).toBe(skeleton(planOf(inPipeline(body(add, mine)))));
  expect(mixed.contracts.tasks).toEqual(planOf(inPipeline(body(add, mine))).contracts.tasks);
});
