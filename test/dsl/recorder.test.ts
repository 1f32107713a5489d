/** What a body records, one construct after the other: long because each has its place in one plan. */
import { describe, expect, it } from 'vitest';
import {
  always,
  approval,
  command,
  eq,
  gte,
  loop,
  map,
  modelIfAny,
  notify,
  pipeline,
  promoteModel,
  registerModel,
  text,
  waitFor,
  waitForEvent,
  waitForPath,
  when,
  workflowStep,
  z,
} from 'heddle';
import { calledPipelines } from '../../dsl/plan/build-plan.ts';
import { taskOf } from '../../dsl/authoring/values.ts';
import { codesOf, draft, inPipeline, nodeAt, nodesOf, planOf, problemsOf, valueOf } from './draft.ts';
import { add, Clean, copy, count, Day, DayWiki, Delay, one, Pages, Raw, say, sum } from './tasks.ts';

describe('ids', () => {
  it('are the name of the task, or what the author gives', () => {
    expect(
      nodesOf(() => {
        one();
        one({}, { id: 'again' });
      }).map(({ id }) => id),
    ).toEqual(['one', 'again']);
  });
  it('of a block come from its kind and its first step', () => {
    const ids = nodesOf(() => {
      map([1], (a) => add({ a }));
      when(eq(one().n, 1), () => say({ text: 'x' }));
      map([1], () => null, { id: 'mine' });
    }).map(({ id }) => id);
    expect(ids).toEqual(['map:add', 'one', 'when:say', 'mine']);
  });
  it('that two steps share are a problem with both places, and the body goes on', () => {
    const problems = problemsOf(() => {
      one();
      one();
      one();
    });
    expect(problems).toHaveLength(2);
    expect(problems[0]).toMatchObject({
      code: 'HDL-DUPLICATE-ID',
      what: expect.stringMatching(/"one": here and at recorder\.test\.ts:\d+:\d+/),
      where: expect.stringMatching(/^recorder\.test\.ts:\d+:\d+$/),
    });
  });
  it('are shared by the two arms of a branch, since step paths are', () => {
    expect(
      codesOf(() => {
        when(eq(one().n, 1), () => say({ text: 'a' })).otherwise(() => say({ text: 'b' }));
      }),
    ).toEqual(['HDL-DUPLICATE-ID']);
  });
  it('may be the same inside and outside of a block', () => {
    expect(
      codesOf(() => {
        add({ a: 1 });
        map([1], (a) => add({ a }));
      }),
    ).toEqual([]);
  });
  it('may not when the inner block uses the outer step', () => {
    const problems = problemsOf(() => {
      const first = add({ a: 1 });
      map([1], () => add({ a: first.sum }));
    });
    expect(problems).toMatchObject([{ code: 'HDL-DUPLICATE-ID', what: expect.stringContaining('hides the one around it') }]);
  });
  it('must fit into step paths', () => {
    expect(
      codesOf(() => {
        one({}, { id: 'a/b' });
        one({}, { id: 'a[0]' });
        one({}, { id: '$x' });
        one({}, { id: 'fine-1.x' });
      }),
    ).toEqual(['HDL-BAD-NAME', 'HDL-BAD-NAME', 'HDL-BAD-NAME']);
  });
});

describe('refs', () => {
  it('are a root and a path, through lists too', () => {
    const [, node] = nodesOf(() => {
      const x = one();
      say({ text: x.name });
    });
    expect(node).toMatchObject({ input: { text: { $ref: ['one', 'name'] } } });
  });
  it('carry fallbacks, texts and conditions as expressions', () => {
    const [, first, second] = nodesOf(() => {
      const x = one();
      say({ text: x.maybe.orElse('none') }, { id: 'a' });
      say({ text: text`n is ${x.n}, ${true}!` }, { id: 'b' });
    });
    expect(first).toMatchObject({ input: { text: { $orElse: [{ $ref: ['one', 'maybe'] }, 'none'] } } });
    expect(second).toMatchObject({ input: { text: { $text: ['n is ', { $ref: ['one', 'n'] }, ', ', true, '!'] } } });
  });
  it('see items, indexes and states by the depth of their scope', () => {
    const [outer] = nodesOf(() => {
      map([[1, 2], [3]], (row, i) =>
        map(row, (cell, j) => {
          add({ a: cell, b: i });
          return { cell, j, row };
        }),
      );
    });
    expect(outer).toMatchObject({
      kind: 'map',
      id: 'map:map:add',
      over: [[1, 2], [3]],
      depth: 0,
      body: {
        nodes: [
          {
            kind: 'map',
            over: { $ref: ['$item0'] },
            depth: 1,
            body: {
              nodes: [{ input: { a: { $ref: ['$item1'] }, b: { $ref: ['$index0'] } } }],
              output: { cell: { $ref: ['$item1'] }, j: { $ref: ['$index1'] }, row: { $ref: ['$item0'] } },
            },
          },
        ],
      },
    });
  });
  it('of a map inside a loop count one depth further', () => {
    const [node] = nodesOf(() => {
      loop(
        z.object({ n: z.number() }),
        { n: 0 },
        (state, round) => {
          map([1], (x) => add({ a: x, b: state.n }));
          return { n: round };
        },
        { max: 3, until: (s) => gte(s.n, 2) },
      );
    });
    expect(node).toMatchObject({
      kind: 'loop',
      depth: 0,
      start: { n: 0 },
      max: 3,
      onMax: 'fail',
      until: { $op: ['gte', { $ref: ['$state0', 'n'] }, 2] },
      body: {
        nodes: [{ depth: 1, body: { nodes: [{ input: { a: { $ref: ['$item1'] }, b: { $ref: ['$state0', 'n'] } } }] } }],
        output: { n: { $ref: ['$round0'] } },
      },
    });
  });
});

describe('after', () => {
  it('keeps the ids of the steps, skippable ones too', () => {
    const nodes = nodesOf(() => {
      const a = one();
      const b = when(eq(a.n, 1), () => {
        say({ text: 'x' });
      });
      say({ text: 'y' }, { id: 'last', after: [a.name, b] });
    });
    expect(nodes.at(-1)).toMatchObject({ id: 'last', after: ['one', 'when:say'] });
  });
  it('on a parameter is a problem', () => {
    const p = pipeline({ name: 'p', params: z.object({ n: z.number() }) }, ({ params }) => {
      say({ text: 'x' }, { after: params.n });
    });
    expect(draft(p).problems.map(({ code }) => code)).toEqual(['HDL-AFTER']);
  });
});

describe('branches', () => {
  it('have both arms, and one ref', () => {
    const p = planOf(inPipeline(() => when(eq(one().flag, true), () => ({ v: 1 })).otherwise(() => ({ v: 2 }))));
    expect(p.skeleton.body.nodes[1]).toMatchObject({
      kind: 'branch',
      id: 'when',
      if: { $op: ['eq', { $ref: ['one', 'flag'] }, true] },
      then: { nodes: [], output: { v: 1 } },
      else: { nodes: [], output: { v: 2 } },
    });
    expect(p.skeleton.body.output).toEqual({ $ref: ['when'] });
  });
  it('without an else give a value that orElse makes usable', () => {
    expect(planOf(inPipeline(() => when(eq(one().n, 1), () => one({}, { id: 'two' })).orElse(null))).skeleton.body.output).toEqual({
      $orElse: [{ $ref: ['when:two'] }, null],
    });
  });
  it('for a model that may be missing become one on null', () => {
    const [node] = nodesOf(() =>
      modelIfAny('delay@champion').otherwise(() => registerModel({ model: modelIfAny('delay@candidate').orElse(null) as never }).model),
    );
    expect(node).toMatchObject({
      kind: 'branch',
      id: 'otherwise:heddle.register_model',
      if: { $op: ['isNull', { $model: { name: 'delay@champion', optional: true } }] },
    });
  });
});

describe('always', () => {
  it('is a block of its own that sees params, partition and outcome', () => {
    const p = pipeline({ name: 'p', partitions: Day, params: z.object({ n: z.string() }) }, ({ params, partition }) => {
      always((outcome) => {
        say({ text: text`${params.n} ${partition.key} ${outcome.status}` });
      });
    });
    expect(planOf(p).skeleton.always).toEqual({
      nodes: [
        {
          id: 'say',
          kind: 'task',
          task: 'say@1',
          input: { text: { $text: [{ $ref: ['$params', 'n'] }, ' ', { $ref: ['$partition', 'key'] }, ' ', { $ref: ['$outcome', 'status'] }] } },
        },
      ],
      output: null,
    });
  });
  it('may not use a step', () => {
    expect(
      codesOf(() => {
        const x = one();
        always(() => {
          say({ text: x.name });
        });
      }),
    ).toEqual(['HDL-ALWAYS-REF']);
  });
  it('stands in the body itself, once', () => {
    expect(
      codesOf(() => {
        always(() => {});
        always(() => {});
      }),
    ).toEqual(['HDL-ALWAYS-PLACE']);
    expect(
      codesOf(() => {
        when(eq(one().n, 1), () => {
          always(() => {});
        });
      }),
    ).toEqual(['HDL-ALWAYS-PLACE']);
  });
  it('does not wait', () => {
    expect(
      codesOf(() => {
        always(() => {
          waitForPath('store://x', { within: '1h' });
        });
      }),
    ).toEqual(['HDL-ALWAYS-PLACE']);
  });
});

describe('gates and waits', () => {
  it('carry times in milliseconds', () => {
    expect(nodesOf(() => approval({ ask: 'Go?', from: ['ops'], within: '24h', onTimeout: 'fail' }))).toMatchObject([
      { kind: 'gate', id: 'approval', ask: 'Go?', show: {}, from: ['ops'], withinMs: 86_400_000, onTimeout: 'fail' },
    ]);
  });
  it('wait for partitions, paths and events', () => {
    const p = pipeline({ name: 'p', partitions: Day }, ({ partition }) => {
      waitFor(Raw.window(partition, '7d'), { within: '6h' });
      waitForPath('store://x', { within: '90s' });
      return { who: waitForEvent('signed', z.object({ who: z.string() }), { within: '1w' }).who };
    });
    const plan = planOf(p);
    expect(plan.skeleton.body.nodes).toEqual([
      {
        id: 'wait:raw',
        kind: 'wait',
        on: { slice: { $slice: { dataset: 'raw', how: 'window', key: { day: { $ref: ['$partition', 'day'] } }, span: '7d' } } },
        withinMs: 21_600_000,
      },
      { id: 'wait:path', kind: 'wait', on: { path: 'store://x' }, withinMs: 90_000 },
      { id: 'wait:signed', kind: 'wait', on: { event: 'signed' }, withinMs: 604_800_000 },
    ]);
    expect(plan.contracts.events['signed']).toMatchObject({ type: 'object', required: ['who'] });
  });
});

describe('partitions', () => {
  it('read takes the dimensions that the dataset has, and writing names its own', () => {
    const p = pipeline({ name: 'p', partitions: DayWiki }, ({ partition }) => {
      const all = Pages.where({ day: partition.day });
      const c = copy({ from: Raw.before(partition, '2d'), into: { day: partition.day } });
      count({ of: c });
      say({ text: 'x' }, { after: c });
      return { all, english: Pages.at({ day: partition.next.day, wiki: 'en' }) };
    });
    const { body } = planOf(p).skeleton;
    expect(nodeAt(body, 'copy')).toMatchObject({
      input: { from: { $slice: { dataset: 'raw', how: 'before', key: { day: { $ref: ['$partition', 'day'] } }, span: '2d' } } },
      into: { day: { $ref: ['$partition', 'day'] } },
    });
    expect(body.output).toEqual({
      all: { $slice: { dataset: 'pages', how: 'where', key: { day: { $ref: ['$partition', 'day'] } } } },
      english: { $slice: { dataset: 'pages', how: 'at', key: { day: { $ref: ['$partition', 'next', 'day'] }, wiki: 'en' } } },
    });
  });
});

describe('pipelines in pipelines', () => {
  const sub = pipeline({ name: 'sub', partitions: Day, params: z.object({ n: z.number(), deep: z.array(z.number()).default([]) }) }, ({ params }) => ({
    list: params.deep,
  }));
  const outer = pipeline({ name: 'outer', partitions: Day }, ({ partition }) => {
    const done = sub({ n: 1, partition });
    sub.start({ n: 2, partition: partition.next }, { id: 'later', after: done });
    return map(done.list, (n) => add({ a: n }));
  });
  it('are called or started with parameters and a partition', () => {
    const plan = planOf(outer);
    expect(plan.skeleton.body.nodes.slice(0, 2)).toEqual([
      { id: 'sub', kind: 'pipeline', pipeline: 'sub', mode: 'call', params: { n: 1 }, partition: { day: { $ref: ['$partition', 'day'] } }, keep: [['list']] },
      {
        id: 'later',
        kind: 'pipeline',
        pipeline: 'sub',
        mode: 'start',
        params: { n: 2 },
        partition: { day: { $ref: ['$partition', 'next', 'day'] } },
        after: ['sub'],
      },
    ]);
    expect(plan.skeleton.calls).toEqual({ sub: 'hash of sub' });
  });
  it('are listed, so that their plans are built first', () => {
    expect(calledPipelines(valueOf(outer))).toEqual([valueOf(sub)]);
  });
  it('run no body when they are declared', () => {
    expect(() =>
      pipeline({ name: 'boom' }, () => {
        throw new Error('ran');
      }),
    ).not.toThrow();
  });
  it('whose body throws give a problem with the line', () => {
    const { plan, problems } = draft(
      pipeline({ name: 'boom' }, () => {
        throw new TypeError('no such thing');
      }),
    );
    expect(plan).toBeNull();
    expect(problems).toMatchObject([
      { code: 'HDL-BODY-THREW', what: 'The body of boom threw: TypeError: no such thing.', where: expect.stringMatching(/^recorder\.test\.ts:\d+:\d+$/) },
    ]);
  });
});

describe('tasks of other kinds', () => {
  it('commands carry their argv and a process of their own', () => {
    const py = command({ name: 'py', version: '1', argv: ['python3', 'x.py'], input: z.object({ n: z.int() }), output: z.object({ m: z.int() }) });
    const plan = planOf(inPipeline(() => py({ n: 1 })));
    expect(plan.contracts.tasks['py@1']?.command).toEqual(['python3', 'x.py']);
    expect(plan.skeleton.tasks['py@1']?.isolate).toBe(true);
    expect(taskOf(py)).toMatchObject({ name: 'py', run: null, command: ['python3', 'x.py'] });
  });
  it('hand-written workflows name their type and queue', () => {
    const legacy = workflowStep({ type: 'LegacyTrain', queue: 'legacy', input: z.object({ n: z.int() }), output: z.object({ m: z.int() }), timeout: '2h' });
    expect(nodesOf(() => legacy({ n: 1 }))).toEqual([
      { id: 'LegacyTrain', kind: 'workflow', type: 'LegacyTrain', queue: 'legacy', input: { n: 1 }, timeoutMs: 7_200_000 },
    ]);
    const nowhere = workflowStep({ type: 'LegacyTrain', queue: '' });
    expect(codesOf(() => nowhere())).toContain('HDL-NO-QUEUE');
  });
  it('registry and notifications run in the pool of the server', () => {
    const p = pipeline({ name: 'p', params: z.object({ model: Delay }) }, ({ params }) => {
      const { model } = registerModel({ model: params.model, metrics: { auc: 0.7 } });
      const swap = promoteModel({ model, alias: 'champion', expected: modelIfAny('delay@champion').orElse(null) });
      notify({ text: text`promoted ${model.version}` }, { after: swap });
    });
    const plan = planOf(p);
    expect(Object.entries(plan.skeleton.tasks).map(([use, { pool }]) => `${use} ${pool}`)).toEqual([
      'heddle.notify@1 heddle',
      'heddle.promote_model@1 heddle',
      'heddle.register_model@1 heddle',
    ]);
  });
});

describe('rules of a task', () => {
  it('have defaults', () => {
    expect(planOf(inPipeline(() => sum({ all: [] }))).skeleton.tasks['sum@1']).toEqual({
      pool: 'default',
      class: 'small',
      attempts: 3,
      backoffMs: 10_000,
      timeoutMs: 3_600_000,
      heartbeatMs: 60_000,
      queueMs: null,
      publishes: false,
      isolate: false,
      timed: false,
    });
  });
  it("take the pool's first class where it has no 'small'", () => {
    const { plan } = draft(
      inPipeline(() => one()),
      { default: { classes: { large: {}, huge: {} } } },
    );
    expect(plan?.skeleton.tasks['one@1']?.class).toBe('large');
  });
  it('say what a task publishes', () => {
    const value = taskOf(copy);
    expect(value?.publishes).toEqual({ '': 'clean' });
    expect(value?.datasets).toEqual([Raw, Clean]);
    expect(value?.rules.publishes).toBe(true);
  });
});
