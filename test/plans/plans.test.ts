/** Golden plans of example pipelines, and plans as older versions made them, which must stay readable and run. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { checkPlan } from '../../api/check-plan.ts';
import type { CompiledProject } from '../../compiler/compile.ts';
import { describePlan } from '../../compiler/describe-plan.ts';
import type { Json, JsonObject, Plan } from '../../dsl/plan/types.ts';
import { drive, type Answer } from '../workflows/scheduler/plan-kit.ts';
import { compileExamples, names, planFile, planText, viewFile, viewText } from './golden.ts';

describe('the example pipelines', () => {
  let compiled: CompiledProject;
  beforeAll(async () => {
    compiled = await compileExamples();
  });
  test('have no problems', () => {
    expect(compiled.problems).toEqual([]);
    expect([...compiled.plans.keys()].sort()).toEqual([...names]);
  });
  test.each(names)('%s compiles to the golden plan and its golden view (rewritten by test/plans/update.ts)', (name) => {
    const found = compiled.plans.get(name);
    if (!found) throw new Error(`no plan of ${name}`);
    expect(planText(found)).toBe(readFileSync(planFile(name), 'utf8'));
    expect(viewText(found)).toBe(readFileSync(viewFile(name), 'utf8'));
  });
});

const stored = join(import.meta.dirname, 'stored');
describe.each(readdirSync(stored))('the stored plan %s', (file) => {
  const { hash, plan } = JSON.parse(readFileSync(join(stored, file), 'utf8')) as { hash: string; plan: Plan };

  test('has its hash still and fits the schema', () => {
    expect(checkPlan(plan as unknown as JsonObject, hash)).toEqual(plan);
  });

  test('runs to its end on the present scheduler', () => {
    const { core, started } = drive(plan.skeleton, answerOf, { params: { rates: [0.1, 0.01], most: 5 }, partition: partition as never });
    expect([core.finished, core.final.status, core.final.output]).toEqual([true, 'done', { error: 2, promoted: '7' }]);
    expect(started).toMatchInlineSnapshot(`
      [
        "wait:rides.raw",
        "settleAccounts",
        "loop:rides.refine#1.rides.refine",
        "map:rides.train_one[0].rides.train_one",
        "map:rides.train_one[1].rides.train_one",
        "rides.pick_best",
        "when:heddle.register_model.heddle.register_model",
        "when:heddle.register_model.approval",
        "when:heddle.register_model.when:rides.fares.rides.fares",
        "always.rides.clean_up",
      ]
    `);
  });

  test('can be described', () => {
    expect(describePlan(plan, hash).split('\n')[0]).toBe(`rides.train  ${hash.slice(0, 19)}`);
  });
});

const partition = {
  key: '2001-03-01',
  day: '2001-03-01',
  start: '2001-03-01T00:00:00Z',
  end: '2001-03-02T00:00:00Z',
  next: { key: '2001-03-02', day: '2001-03-02' },
  previous: { key: '2001-02-28', day: '2001-02-28' },
};
const model: Json = { kind: 'model', name: 'rides.fare', version: '7', uri: 'store://models/7', digest: 'sha256:0' };
/** What each task of the stored plan gives. */
const outputs: Readonly<Record<string, Json>> = {
  'rides.refine@3': { rate: 0.2, done: true },
  'rides.train_one@1': { model, error: 2 },
  'rides.pick_best@1': { model, error: 2 },
  'heddle.register_model@1': { model },
  'rides.clean_up@1': null,
};
function answerOf(command: Parameters<Parameters<typeof drive>[1]>[0]): Answer {
  switch (command.type) {
    case 'task':
      return { output: outputs[command.task] ?? null };
    case 'pin':
      return { output: command.pins.map((pin) => ('dataset' in pin ? { kind: 'slice', dataset: pin.dataset } : model)) as unknown as Json };
    case 'gate':
      return { output: { approved: true, by: 'ml-oncall', note: null, timedOut: false } };
    case 'workflow':
      return { output: { ok: true } };
    default:
      return { output: { kind: 'slice', runId: '01', uri: 'store://rides' } };
  }
}
