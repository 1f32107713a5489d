/** Ids of workflows, paths of steps, neighbours of partitions. */
import { describe, expect, it } from 'vitest';
import { neighbourDepth } from '../../api/runs/check-partition.ts';
import { findNode } from '../../api/runs/find-node.ts';
import { workflowIdFor } from '../../api/runs/workflow-id.ts';
import { newId } from '../../catalog/ids.ts';
import type { PlanNode } from '../../dsl/plan/types.ts';
import { tinyPlan } from '../server/test-server.ts';

describe('names', () => {
  it('of workflows stay below 200 bytes and stay different', () => {
    const [a, b] = [newId(), newId()];
    const long = 'ä'.repeat(150);
    expect(workflowIdFor('p', 'short', null, a)).toBe(`p:short:-:${a}`);
    expect(Buffer.byteLength(workflowIdFor('p', long, 'x', a))).toBeLessThanOrEqual(200);
    expect(workflowIdFor('p', long, 'x', a)).not.toBe(workflowIdFor('p', long, 'x', b));
    expect(workflowIdFor('p', long, 'x', a)).toContain(a);
  });

  it('of steps lead to their node and place through maps, loops and branches', () => {
    const task = (id: string): PlanNode => ({ kind: 'task', id, task: `${id}@1`, input: {} });
    const block = (...nodes: PlanNode[]) => ({ nodes, output: null });
    const branch: PlanNode = { kind: 'branch', id: 'when:good', if: true, then: block(task('flights.register')), else: block(task('mourn')) };
    const skeleton = {
      ...tinyPlan().skeleton,
      always: block(task('clean')),
      body: block(
        {
          kind: 'map',
          id: 'trials',
          over: [],
          items: 'array',
          parallel: 1,
          depth: 1,
          body: block(task('train'), { kind: 'loop', id: 'tune', start: null, depth: 2, until: true, max: 3, onMax: 'stop', body: block(task('fit')) }),
        },
        branch,
      ),
    };
    const place = (step: string) => findNode(skeleton, step)?.place;
    expect(
      [
        'trials',
        'trials[0.01].train',
        'trials[a].x].train',
        'trials[1].tune#2.fit',
        'flights.register',
        'mourn',
        'always.clean',
        'trials[2]',
        'trials[1].tune#3',
      ].map(place),
    ).toEqual([
      'trials',
      'trials/train',
      'trials/train',
      'trials/tune/fit',
      'when:good/flights.register',
      'when:good/mourn',
      'always/clean',
      'trials',
      'trials/tune',
    ]);
    expect(place('trials[0].nothing')).toBeUndefined();
    expect(findNode(skeleton, 'mourn')?.branches.map(({ side }) => side)).toEqual(['else']);
  });

  it('of neighbours are followed as deep as the plan does', () => {
    expect(neighbourDepth({ a: { $ref: ['$partition', 'key'] } })).toBe(0);
    expect(neighbourDepth([{ a: { $ref: ['$partition', 'next'] } }, { $ref: ['$partition', 'previous', 'previous', 'start'] }])).toBe(2);
  });
});
