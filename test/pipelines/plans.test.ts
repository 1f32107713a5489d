/** Each reference pipeline compiles to a plan without a mistake. */
import { describe, expect, it } from 'vitest';
import { checkPlan } from '../../api/check-plan.ts';
import { buildPlan } from '../../dsl/plan/build-plan.ts';
import { pipelineOf } from '../../dsl/authoring/values.ts';
import type { JsonObject, Plan } from '../../dsl/plan/types.ts';
import { features, featuresRange } from '../../pipelines/features.ts';
import { land } from '../../pipelines/land.ts';
import { prewarm } from '../../pipelines/prewarm.ts';
import { score, scoreDaily } from '../../pipelines/score.ts';
import { train } from '../../pipelines/train.ts';
import { planHashOf } from '../../storage/digest.ts';

const pipelines = { land, features, featuresRange, train, score, scoreDaily, prewarm };
const planOf = (pipeline: unknown) => buildPlan(pipelineOf(pipeline)!, { hashOf: (name) => `hash of ${name}` });

describe('the plan of', () => {
  it.each(Object.entries(pipelines))('%s is made, and made equal twice', (_, pipeline) => {
    expect(planOf(pipeline)).toEqual(planOf(pipeline));
  });
  it.each(Object.entries(pipelines))('%s is taken by a server', (_, pipeline) => {
    const plan = JSON.parse(JSON.stringify(planOf(pipeline))) as JsonObject;
    expect(checkPlan(plan, planHashOf(plan as unknown as Plan)).name).toBe(plan['name']);
  });
  it('flights.train hands the exact version to scoring and prewarming', () => {
    expect(Object.keys(planOf(train).skeleton.calls).sort()).toEqual(['flights.prewarm', 'flights.score']);
  });
  it('flights.features reads only days before its own', () => {
    const text = JSON.stringify(planOf(features).skeleton);
    expect(text).toContain('"how":"before"');
    expect(text).not.toContain('"how":"window"');
  });
});
