/** Callees before callers: a plan holds the hashes of the plans that it calls or starts. */
import type { PipelineValue } from '../dsl/authoring/values.ts';

export interface Ordered {
  readonly order: readonly PipelineValue[];
  /** Each as the names on the way round: ['a', 'b', 'a']. */
  readonly circles: readonly (readonly string[])[];
}

export function orderPipelines(roots: readonly PipelineValue[], callsOf: (pipeline: PipelineValue) => readonly PipelineValue[]): Ordered {
  const order: PipelineValue[] = [];
  const circles: string[][] = [];
  const state = new Map<PipelineValue, 'open' | 'done'>();
  const visit = (pipeline: PipelineValue, path: readonly PipelineValue[]): void => {
    if (state.get(pipeline) === 'done') return;
    if (state.get(pipeline) === 'open') {
      circles.push([...path.slice(path.indexOf(pipeline)), pipeline].map(({ name }) => name));
      return;
    }
    state.set(pipeline, 'open');
    for (const callee of callsOf(pipeline)) visit(callee, [...path, pipeline]);
    state.set(pipeline, 'done');
    order.push(pipeline);
  };
  for (const root of roots) visit(root, []);
  return { order, circles };
}
