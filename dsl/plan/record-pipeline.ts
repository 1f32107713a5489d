/** Runs a pipeline's body once and keeps what it recorded. The body gets refs to the parameters and the partition. */
import { HeddleError, isHeddleError } from '../errors/heddle-error.ts';
import type { PipelineValue } from '../authoring/values.ts';
import { jsonSchemaOf } from './json-schema.ts';
import { makeRef } from './make-ref.ts';
import { recordBlock } from './record.ts';
import { shared, type Recording } from './recording.ts';
import { shapeOfSchema, unknownShape } from './shape.ts';

const recorded = new WeakMap<PipelineValue, Recording>();

/** Throws what the body throws; a body that ended well is not run again. */
export function recordPipeline(pipeline: PipelineValue): Recording {
  const before = recorded.get(pipeline);
  if (before) return before;
  const recording: Recording = {
    pipeline,
    tasks: new Map(),
    datasets: new Set(),
    events: new Map(),
    calls: new Map(),
    places: new WeakMap(),
    problems: [],
    open: [],
    always: null,
    body: null,
    output: unknownShape,
  };
  recorded.set(pipeline, recording); // a pipeline that calls itself finds this, unfinished
  const around = shared.current;
  shared.current = recording;
  try {
    const params = makeRef({ $ref: ['$params'] }, { shape: pipeline.params ? shapeOfSchema(jsonSchemaOf(pipeline.params, 'output').schema) : unknownShape });
    const scope = pipeline.partitions ? { params, partition: makeRef({ $ref: ['$partition'] }, { partition: true }) } : { params };
    const { block, shape } = recordBlock(pipeline.name, () => pipeline.body(scope));
    recording.body = block;
    recording.output = shape;
    return recording;
  } catch (error) {
    recorded.delete(pipeline);
    if (isHeddleError(error) && error.where === null && pipeline.place !== null) {
      throw new HeddleError(error.code, { what: error.what, where: pipeline.place, why: error.why ?? undefined, fix: error.fix, cause: error });
    }
    throw error;
  } finally {
    shared.current = around;
  }
}
