/**
 * pipeline(): a typed DAG. The body does not run here but when its plan is built; called inside another body it is a
 * sub-pipeline. Authors' surface.
 */
import type { z } from 'zod';
import type { Call, Inputs, StepOptions, TakesNoInput } from './inputs.ts';
import type { Duration, Ref, Resolved, Returnable } from './ref.ts';
import { dimensionDefs, type KeyOf, type PartitionRef, type Partitions, type Target } from './partition.ts';
import type { NoInput } from './task.ts';
import type { Trigger } from './triggers.ts';
import { brandPipeline, type PipelineValue } from './values.ts';
import { exprOf } from '../plan/expr-of.ts';
import { keyExpr } from '../plan/key-expr.ts';
import { callerPlace } from '../plan/place.ts';
import { record, recording } from '../plan/record.ts';
import { recordPipeline } from '../plan/record-pipeline.ts';
import { shared } from '../plan/recording.ts';
import { lazyShape, unknownShape } from '../plan/shape.ts';

export type Schedule = ScheduleOptions & ({ readonly cron: string; readonly every?: never } | { readonly every: Duration; readonly cron?: never });
export interface ScheduleOptions {
  /** IANA name; default UTC. */
  readonly timezone?: string;
  /** While the last run still runs: wait for it, leave this time out (recorded), or cancel it. Default: queue with partitions of time, else skip. */
  readonly overlap?: 'skip' | 'queue' | 'cancel-other';
  /** Times missed while the server was down that are made up for, in order. Default: a day with partitions of time, else none. */
  readonly catchup?: Duration;
  /** Up to so much later, another time each tick. */
  readonly jitter?: Duration;
  /** Up to so much later, the same for each tick of this pipeline: many schedules of one minute begin evenly. */
  readonly spread?: Duration;
  /** Local days on which nothing runs: '2001-12-25'. */
  readonly except?: readonly `${number}-${number}-${number}`[];
}
export interface PipelineDef<P extends z.ZodType, K> {
  readonly name: string;
  readonly owner?: string;
  readonly params?: P;
  readonly partitions?: K;
  readonly schedule?: Schedule;
  /** A scheduled run must be done so long after its nominal time, or an alert goes out. */
  readonly deadline?: Duration;
  /** What starts it beside the schedule: onPublished, onRequest, onPath, onEnded, onAlias. */
  readonly triggers?: readonly Trigger[];
  /** 'pause': a failed step waits for a person; default fail. */
  readonly onFailure?: 'fail' | 'pause';
}
/** What the body of a pipeline without `partitions:` gets: there is no `partition` here. */
export interface PipelineWithoutPartitions<P> {
  readonly params: Ref<P>;
}
export interface PartitionedPipeline<P, K> {
  readonly params: Ref<P>;
  readonly partition: PartitionRef<K>;
}
type Scope<P, K> = [K] extends [never] ? PipelineWithoutPartitions<P> : PartitionedPipeline<P, KeyOf<K>>;

/** Inputs of a partitioned pipeline: its parameters, and the partition to run it for. */
export type PartitionedInputs<I, K> = Inputs<I> & { readonly partition: Target<K> };
type PipelineInputs<I, K> = [K] extends [never] ? ([keyof I] extends [never] ? TakesNoInput : Inputs<I>) : PartitionedInputs<I, KeyOf<K>>;
export interface Pipeline<I, K, O> {
  /** Runs it as a sub-pipeline and waits for its result. */
  (...call: Call<PipelineInputs<I, K>>): Ref<O>;
  /** Starts it and goes on. */
  start(...call: Call<PipelineInputs<I, K>>): Ref<{ runId: string }>;
  readonly pipelineName: string;
}

export function pipeline<P extends z.ZodType = NoInput, const K extends Partitions = never, R = void>(
  def: PipelineDef<P, K>,
  body: (scope: Scope<z.output<P>, K>) => R & Returnable<R>,
): Pipeline<z.input<P>, K, Resolved<R>> {
  const value: PipelineValue = {
    name: def.name,
    owner: def.owner ?? null,
    params: def.params ?? null,
    partitions: def.partitions ? dimensionDefs(def.partitions) : null,
    schedule: def.schedule ?? null,
    deadline: def.deadline ?? null,
    triggers: def.triggers ?? [],
    onFailure: def.onFailure ?? 'fail',
    place: callerPlace(),
    body: (scope) => body(scope as never), // recordPipeline makes what Scope says
  };
  shared.declared.push(value);
  const call = (mode: 'call' | 'start') => {
    const shape = mode === 'start' ? unknownShape : lazyShape(() => recordPipeline(value).output);
    return ({ partition, ...params }: { partition?: object } = {}, options: StepOptions = {}): object => {
      const { current } = recording(def.name);
      current.calls.set(def.name, value);
      const key = partition ? keyExpr(partition, Object.keys(value.partitions ?? {})) : null;
      return record(def.name, { kind: 'pipeline', pipeline: def.name, mode, params: exprOf(params), partition: key }, shape, options).ref;
    };
  };
  return brandPipeline(Object.assign(call('call'), { start: call('start'), pipelineName: def.name }), value) as never; // P, K, R are the author's
}
