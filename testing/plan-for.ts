/** The plan of a pipeline under test, with the code of its tasks and the pipelines that it calls. Compiled once a pipeline. */
import type { Json, Plan } from '../dsl/plan/types.ts';
import { buildPlan } from '../dsl/plan/build-plan.ts';
import { recordPipeline } from '../dsl/plan/record-pipeline.ts';
import { pipelineOf, type PipelineValue, type TaskValue } from '../dsl/authoring/values.ts';

export interface PlannedPipeline {
  readonly plan: Plan;
  /** 'name@version' -> the task. */
  readonly tasks: ReadonlyMap<string, TaskValue>;
  readonly called: ReadonlyMap<string, () => PlannedPipeline>;
  /** Applies defaults; throws for parameters that do not fit. */
  parseParams(params: Json): Json;
}

const planned = new WeakMap<PipelineValue, PlannedPipeline>();

export function planFor(pipeline: unknown): PlannedPipeline {
  const value = pipelineOf(pipeline);
  if (!value) throw new TypeError('not a pipeline');
  return planOf(value);
}

function planOf(value: PipelineValue): PlannedPipeline {
  const known = planned.get(value);
  if (known) return known;
  const recording = recordPipeline(value);
  const made: PlannedPipeline = {
    plan: buildPlan(value, { hashOf: (name) => `test:${name}` }),
    tasks: new Map([...recording.tasks.values()].map((task) => [`${task.name}@${task.version}`, task])),
    called: new Map([...recording.calls].map(([name, callee]) => [name, () => planOf(callee)])),
    parseParams(params) {
      if (!value.params) return params;
      const parsed = value.params.safeParse(params);
      if (parsed.success) return parsed.data as Json;
      const issue = parsed.error.issues[0];
      throw new TypeError(`the parameters do not fit ${value.name}: ${issue?.path.join('.') || 'all of it'}: ${issue?.message ?? ''}`);
    },
  };
  planned.set(value, made);
  return made;
}
