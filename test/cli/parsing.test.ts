import { describe, expect, it } from 'vitest';
import { parseParams, typesOf } from '../../cli/arguments/parse-params.ts';
import { parsePartition } from '../../cli/arguments/parse-partition.ts';
import { readable } from '../../cli/dev/dev-lines.ts';
import { planChanges } from '../../cli/dev/plan-changes.ts';
import { foldedPath, foldSteps } from '../../cli/show/fold-steps.ts';
import { duration } from '../../cli/show/time.ts';
import type { StepRecord, StepStatus } from '../../dsl/contract/run.ts';
import type { JsonSchema, Plan, PlanNode } from '../../dsl/plan/types.ts';

const schema: JsonSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    name: { type: 'string' },
    rate: { type: 'number' },
    rates: { type: 'array' },
    on: { type: 'boolean' },
    id: { anyOf: [{ type: 'string' }, { type: 'null' }] },
    mode: { enum: ['a', 'b'] },
  },
};
const parse = (...given: string[]): unknown => parseParams('p', schema, given);

describe('parameters', () => {
  it('are text or JSON by the type that the pipeline declares', () => {
    expect(parse('name=123', 'rate=1e-3', 'rates=[1,2]', 'on=true', 'mode=a')).toEqual({ name: '123', rate: 0.001, rates: [1, 2], on: true, mode: 'a' });
  });
  it('that may be null or text take null, and everything else as text', () => {
    expect([parse('id=null'), parse('id=x=y'), parse('id="x"')]).toEqual([{ id: null }, { id: 'x=y' }, { id: '"x"' }]);
  });
  it('are refused when they are unknown, malformed or not JSON where JSON is wanted', () => {
    expect(() => parse('rat=1')).toThrow(/HDL-BAD-PARAMS: p has no parameter "rat". Did you mean "rate"\?/);
    expect(() => parse('rate')).toThrow(/not of the form name=value/);
    expect(() => parse('rate=fast')).toThrow(/should be number/);
    expect(() => parseParams('p', null, ['a=1'])).toThrow(/takes no parameters/);
  });
  it('add to those of a file', () => {
    expect(parseParams('p', schema, ['rate=2'], { rate: 1, name: 'x' })).toEqual({ rate: 2, name: 'x' });
  });
  it('know the types behind anyOf, enum and const', () => {
    expect([...typesOf({ anyOf: [{ type: ['string', 'null'] }, { const: 3 }] })]).toEqual(['string', 'null', 'number']);
  });
});

describe('partitions', () => {
  const plan = (partitions: Plan['contracts']['partitions']): Pick<Plan, 'name' | 'contracts'> => ({
    name: 'p',
    contracts: { params: null, partitions, schedule: null, tasks: {}, datasets: {}, events: {} },
  });
  it('of one dimension are a key alone', () => {
    expect(parsePartition(plan({ day: { kind: 'day' } }), '2001-03-01')).toEqual({ day: '2001-03-01' });
    expect(parsePartition(plan({ day: { kind: 'day' } }), 'day=2001-03-01')).toEqual({ day: '2001-03-01' });
  });
  it('of several name each', () => {
    const two = plan({ day: { kind: 'day' }, wiki: { kind: 'keys', keys: ['en'] } });
    expect(parsePartition(two, 'day=2001-03-01, wiki=en')).toEqual({ day: '2001-03-01', wiki: 'en' });
    expect(() => parsePartition(two, '2001-03-01')).toThrow(/HDL-BAD-PARTITION[^]*day=2001-03-01,wiki=en/);
    expect(() => parsePartition(two, undefined)).toThrow(/none was given/);
  });
  it('are null where the pipeline has none', () => {
    expect(parsePartition(plan(null), undefined)).toBeNull();
  });
});

describe('the step table', () => {
  const step = (path: string, status: StepStatus): StepRecord => ({
    step: path,
    kind: 'task',
    task: 't@1',
    status,
    waitingFor: null,
    queuedAt: 1,
    startedAt: 1,
    endedAt: 2,
    attempts: 1,
    failure: null,
    version: '1',
    worker: 'w',
    runMs: 1,
    waitMs: 0,
    output: null,
    meta: null,
  });
  it('folds the items of a map and the rounds of a loop into counts', () => {
    expect([foldedPath('trials[0.01].train'), foldedPath('loop#12.fit[a.b]')]).toEqual(['trials[*].train', 'loop#*.fit[*]']);
    const steps = [step('first', 'done'), ...[0, 1, 2, 3].map((i) => step(`m[${i}].t`, i === 3 ? 'failed' : 'done')), step('last', 'blocked')];
    expect(foldSteps(steps).map(({ step: path, counts }) => [path, counts])).toEqual([
      ['first', { done: 1 }],
      ['m[*].t', { done: 3, failed: 1 }],
      ['last', { blocked: 1 }],
    ]);
    expect(foldSteps(steps, true)).toHaveLength(6);
  });
  it('leaves a few items as they are', () => {
    expect(foldSteps([step('m[0].t', 'done'), step('m[1].t', 'done')])).toHaveLength(2);
  });
  it('shows durations in two units at most', () => {
    expect([12, 3_210, 61_000, 7_380_000, 273_600_000].map(duration)).toEqual(['12ms', '3.2s', '1m01s', '2h03m', '3d04h']);
  });
});

describe('heddle dev', () => {
  const plan = (nodes: PlanNode[], more: Partial<Plan['contracts']> = {}): Plan => ({
    format: 1,
    name: 'p',
    owner: null,
    places: {},
    contracts: { params: null, partitions: null, schedule: null, tasks: {}, datasets: {}, events: {}, ...more },
    skeleton: { format: 1, name: 'p', onFailure: 'fail', dimensions: [], tasks: {}, body: { nodes, output: null }, always: null, calls: {} },
  });
  const task = (id: string, input: object = {}): PlanNode => ({ id, kind: 'task', task: 't@1', input: { ...input } });
  it('says which steps were added, removed and changed', () => {
    expect(planChanges(plan([task('a'), task('b')]), plan([task('a', { x: 1 }), task('c')], { params: { type: 'object' } }))).toEqual([
      'steps added: c',
      'steps removed: b',
      'step changed: a (input)',
      'params changed',
    ]);
    expect(planChanges(plan([task('a')]), plan([task('a')]))).toEqual([]);
    expect([planChanges(undefined, plan([task('a')])), planChanges(plan([]), undefined)]).toEqual([['new, 1 steps'], ['removed']]);
  });
  it('names steps inside of maps by their path', () => {
    const map = (inner: string): PlanNode => ({
      id: 'm',
      kind: 'map',
      over: [],
      items: 'array',
      parallel: 1,
      depth: 0,
      body: { nodes: [task(inner)], output: null },
    });
    expect(planChanges(plan([map('a')]), plan([map('b')]))).toEqual(['steps added: m/b', 'steps removed: m/a']);
  });
  it('turns JSON log lines into sentences', () => {
    expect(readable('{"level":40,"time":1,"pid":2,"hostname":"h","name":"heddle-server","run":"r","msg":"a run is slow"}')).toBe(
      'warning: a run is slow  run=r',
    );
    expect(readable('{"at":1,"level":"info","text":"ready","pool":"p"}')).toBe('ready  pool=p');
    expect(readable('plain { text }')).toBe('plain { text }');
  });
});
