import { describe, expect, it } from 'vitest';
import { approval, command, dataset, dynamicKeys, eq, itemList, keys, map, pipeline, task, waitFor, waitForEvent, when, z, type Duration } from 'heddle';
import { buildPlan, draftPlan } from '../../dsl/plan/build-plan.ts';
import { planProblems } from '../../dsl/plan/rules.ts';
import { codesOf, draft, inPipeline, planOf, valueOf } from './draft.ts';
import { Clean, copy, Day, DayWiki, one, Pages, Raw, shards } from './tasks.ts';

const daylong = (body: (partition: { day: never; key: never; next: never }) => unknown) =>
  pipeline({ name: 'p', partitions: Day }, ({ partition }) => void body(partition as never));
const codes = (of: unknown, pools?: Parameters<typeof draft>[1]) => draft(of, pools).problems.map(({ code }) => code);
const fill = task({ name: 'fill', version: '1', input: z.object({ wiki: z.string() }), output: Pages.slice });

describe('writing partitions', () => {
  it('two steps may not write the same one', () => {
    const p = daylong((partition) => {
      copy({ from: Raw.at(partition), into: partition });
      copy({ from: Raw.before(partition, '2d'), into: partition }, { id: 'again' });
    });
    expect(draft(p).problems).toMatchObject([
      { code: 'HDL-INTO-TWICE', what: expect.stringMatching(/^again and copy \(at rules\.test\.ts:\d+:\d+\) write the same partition of clean\.$/) },
    ]);
  });
  it('two steps may write different ones, or the same in two arms of a branch', () => {
    expect(
      codes(
        daylong((partition) => {
          copy({ from: Raw.at(partition), into: partition });
          copy({ from: Raw.at(partition), into: partition.next }, { id: 'next' });
        }),
      ),
    ).toEqual([]);
    expect(
      codes(
        daylong((partition) => {
          when(eq(one().n, 1), () => {
            copy({ from: Raw.at(partition), into: partition });
          }).otherwise(() => {
            copy({ from: Raw.at(partition), into: partition }, { id: 'b' });
          });
        }),
      ),
    ).toEqual([]);
  });
  it('a map must write another one for each item', () => {
    expect(
      codes(
        daylong((partition) => {
          map(['en', 'de'], (wiki) => fill({ wiki, into: { day: partition.day, wiki: 'en' } }));
        }),
      ),
    ).toEqual(['HDL-INTO-SAME']);
    expect(
      codes(
        daylong((partition) => {
          map(['en', 'de'] as const, (wiki) => fill({ wiki, into: { day: partition.day, wiki } }));
        }),
      ),
    ).toEqual([]);
  });
  it('a step may not read what it writes, at it or by a window, by a wait or not', () => {
    const smooth = task({ name: 'smooth', version: '1', input: z.object({ old: Clean.slice }), output: Clean.slice });
    expect(codes(daylong((partition) => smooth({ old: Clean.at(partition), into: partition })))).toEqual(['HDL-READS-OWN']);
    expect(codes(daylong((partition) => smooth({ old: waitFor(Clean.window(partition, '7d'), { within: '1h' }), into: partition })))).toEqual([
      'HDL-READS-OWN',
    ]);
    expect(codes(daylong((partition) => smooth({ old: Clean.where({ day: partition.day }), into: partition })))).toEqual(['HDL-READS-OWN']);
    expect(codes(daylong((partition) => smooth({ old: Clean.before(partition, '7d'), into: partition })))).toEqual([]);
  });
  it('a step that publishes must say where, in all dimensions', () => {
    expect(codes(daylong((partition) => copy({ from: Raw.at(partition) } as never)))).toEqual(['HDL-NO-TARGET']);
    expect(codes(daylong((partition) => fill({ wiki: 'en', into: { day: partition.day } as never })))).toEqual(['HDL-PARTITION-KEY']);
    expect(codes(daylong((partition) => copy({ from: Pages.at(partition as never) as never, into: partition })))).toEqual(['HDL-PARTITION-KEY']);
  });
  it('a window needs a dimension of time', () => {
    const Static = dataset('static', { uri: 'store://static', partitions: keys(['a', 'b']), schema: z.object({ n: z.int() }) });
    const read = task({ name: 'read', version: '1', input: z.object({ s: Static.slice }) });
    expect(codes(inPipeline(() => read({ s: Static.window({ key: 'a' }, '7d' as never) })))).toEqual(['HDL-PARTITION-KEY']);
  });
});

describe('declarations', () => {
  const declared = (def: object) => codesOf(() => (task({ name: 't', version: '1', ...def } as never) as unknown as () => unknown)());
  it('retry has a limit', () => {
    for (const attempts of [0, -1, 101, 1.5, Number.POSITIVE_INFINITY]) expect(declared({ retry: { attempts } })).toEqual(['HDL-RETRY-LIMIT']);
    expect(declared({ retry: { attempts: 3, classes: { user: 1000 } } })).toEqual(['HDL-RETRY-LIMIT']);
    expect(declared({ retry: { attempts: 100, classes: { user: 0, data: 2 } } })).toEqual([]);
  });
  it('durations have a number and a unit', () => {
    for (const timeout of ['', '5', 'm', '6 hours', '-1m', '0s', '1y', '1e3s']) expect(declared({ timeout })).toEqual(['HDL-BAD-DURATION']);
    expect(declared({ timeout: '1.5h', heartbeat: '30s', queueTimeout: '2d', retry: { attempts: 2, backoff: '1m' } })).toEqual([]);
    expect(codesOf(() => approval({ ask: 'x', from: ['a'], within: 'soon' as Duration, onTimeout: 'fail' }))).toEqual(['HDL-BAD-DURATION']);
  });
  it('names and versions can stand in paths, and heddle. is reserved', () => {
    expect(declared({ name: 'heddle.mine' })).toEqual(['HDL-RESERVED-NAME']);
    expect(declared({ name: 'a b' })).toEqual(['HDL-BAD-NAME', 'HDL-BAD-NAME']);
    expect(declared({ version: '' })).toEqual(['HDL-BAD-NAME']);
    expect(codes(pipeline({ name: 'heddle.p' }, () => {}))).toEqual(['HDL-RESERVED-NAME']);
    expect(codes(pipeline({ name: 'a/b' }, () => {}))).toEqual(['HDL-BAD-NAME']);
  });
  it("a command's secrets are names of variables, and not the engine's own", () => {
    const secrets = (...names: string[]) => codesOf(() => (command({ name: 'c', version: '1', argv: ['true'], secrets: names }) as unknown as () => unknown)());
    expect(secrets('REGISTRY_TOKEN', 'token2')).toEqual([]);
    expect(secrets('db.password')).toEqual(['HDL-BAD-NAME']);
    expect(secrets('HEDDLE_TOKEN')).toEqual(['HDL-RESERVED-NAME']);
  });
  it('an output schema must be JSON Schema', () => {
    for (const part of [
      z.date(),
      z.map(z.string(), z.string()),
      z.set(z.string()),
      z.bigint(),
      z.undefined(),
      z.string().optional(),
      z.string().transform((s) => s.length),
      z.function(),
      z.symbol(),
      itemList(z.date()),
    ]) {
      expect(declared({ output: z.object({ a: z.object({ b: part }) }) })).toEqual(['HDL-NOT-JSON-SCHEMA']);
    }
    expect(declared({ output: z.object({ orElse: z.string() }) })).toEqual(['HDL-NOT-JSON-SCHEMA']);
    expect(
      declared({
        output: z.object({ a: z.string().nullable(), b: z.int().default(3), c: z.record(z.string(), z.number()), d: z.enum(['x']), e: z.iso.datetime() }),
      }),
    ).toEqual([]);
  });
  it('says which field of which task', () => {
    const { problems } = draft(
      inPipeline(() =>
        (
          task({ name: 't', version: '1', output: z.object({ deep: z.array(z.object({ note: z.string().optional() })) }) } as never) as unknown as () => unknown
        )(),
      ),
    );
    expect(problems).toMatchObject([
      { what: 'output.deep[].note of task t may be undefined, which JSON drops: use .nullable().', where: expect.stringMatching(/^rules\.test\.ts/) },
    ]);
  });
  it('an input and params may have optional fields only as far as a default fills them', () => {
    expect(declared({ input: z.object({ a: z.date() }) })).toContain('HDL-NOT-JSON-SCHEMA');
    expect(codes(pipeline({ name: 'p', params: z.object({ a: z.string().optional() }) }, () => {}))).toEqual(['HDL-NOT-JSON-SCHEMA']);
    expect(codes(pipeline({ name: 'p', params: z.object({ a: z.string().transform((s) => s.length) }) }, () => {}))).toEqual(['HDL-NOT-JSON-SCHEMA']);
  });
  it('two tasks may not share name and version, nor two datasets a name', () => {
    const a = task({ name: 'same', version: '1' });
    const b = task({ name: 'same', version: '1' });
    expect(
      codesOf(() => {
        a();
        b({}, { id: 'b' });
      }),
    ).toEqual(['HDL-DUPLICATE-TASK']);
    const other = dataset('raw', { uri: 'store://other', partitions: Day, schema: z.object({ m: z.int() }) });
    const read = task({ name: 'read', version: '1', input: z.object({ a: Raw.slice, b: other.slice }) });
    expect(codes(daylong((partition) => read({ a: Raw.at(partition), b: other.at(partition) as never })))).toEqual(['HDL-DUPLICATE-DATASET']);
  });
  it("a dataset's uri, retention and rows are checked", () => {
    const odd = dataset('odd', { uri: 'file://relative' as never, partitions: Day, schema: z.object({ at: z.date() }), retain: 'ever' as never });
    const read = task({ name: 'read', version: '1', input: z.object({ a: odd.slice }) });
    expect(codes(daylong((partition) => read({ a: odd.at(partition) })))).toEqual(['HDL-NOT-JSON-SCHEMA', 'HDL-BAD-OPTION', 'HDL-BAD-DURATION']);
  });
});

describe('pools', () => {
  const pools = { default: { classes: { small: {} } }, gpu: { classes: { gpu1: {} } } };
  const on = (resources: object) =>
    codes(
      inPipeline(() => (task({ name: 't', version: '1', resources } as never) as unknown as () => unknown)()),
      pools,
    );
  it('and classes must exist', () => {
    expect(on({ pool: 'gpuu' })).toEqual(['HDL-UNKNOWN-POOL']);
    expect(on({ pool: 'gpu', class: 'small' })).toEqual(['HDL-UNKNOWN-CLASS']);
    expect(on({ pool: 'gpu' })).toEqual([]);
    expect(on({})).toEqual([]);
  });
});

describe('gates', () => {
  it('name who may answer and what happens otherwise', () => {
    expect(codesOf(() => approval({ ask: 'x', from: [], within: '1h', onTimeout: 'never' as never }))).toEqual(['HDL-BAD-OPTION', 'HDL-BAD-OPTION']);
  });
});

describe('schedules', () => {
  const scheduled = (def: object, schedule: object = {}) =>
    codes(pipeline({ name: 'p', schedule: { cron: '0 2 * * *', ...schedule }, ...def } as never, () => {}));
  it('need partitions of time to queue or make up for missed runs', () => {
    expect(scheduled({}, { overlap: 'queue' })).toEqual(['HDL-SCHEDULE']);
    expect(scheduled({}, { catchup: '2d' })).toEqual(['HDL-SCHEDULE']);
    expect(scheduled({})).toEqual([]);
    expect(scheduled({ partitions: Day }, { overlap: 'queue', catchup: '2d', jitter: '10m' })).toEqual([]);
  });
  it('cannot choose keys that are not known', () => {
    expect(scheduled({ partitions: keys(['a']) })).toEqual(['HDL-SCHEDULE']);
    expect(scheduled({ partitions: { day: Day, user: dynamicKeys() } })).toEqual(['HDL-SCHEDULE']);
    expect(scheduled({ partitions: DayWiki })).toEqual([]);
  });
  it('cannot give parameters', () => {
    expect(scheduled({ params: z.object({ a: z.string(), b: z.int().default(1) }) })).toEqual(['HDL-SCHEDULE']);
    expect(scheduled({ params: z.object({ b: z.int().default(1) }) })).toEqual([]);
  });
  it('have durations', () => {
    expect(scheduled({ partitions: Day }, { catchup: 'x' })).toEqual(['HDL-BAD-DURATION']);
  });
});

describe('all problems', () => {
  it('come in one go, each once', () => {
    const bad = task({ name: 'heddle.bad', version: '1', timeout: 'x' as Duration, retry: { attempts: 0 } });
    expect(
      codesOf(() => {
        bad();
        bad();
        approval({ ask: 'x', from: [], within: '1h', onTimeout: 'fail' });
      }).sort(),
    ).toEqual(['HDL-BAD-DURATION', 'HDL-BAD-OPTION', 'HDL-DUPLICATE-ID', 'HDL-RESERVED-NAME', 'HDL-RETRY-LIMIT']);
  });
  it('of which buildPlan throws the first and counts the others', () => {
    const bad = task({ name: 'heddle.bad', version: '1', retry: { attempts: 0 } });
    expect(() => buildPlan(valueOf(inPipeline(() => bad())), { hashOf: String })).toThrow(/^HDL-RESERVED-NAME: .*\(and 1 more problem\)/);
  });
  it('are found again in a plan that was made elsewhere', () => {
    const plan = planOf(
      inPipeline(() => {
        map([1], () => one());
      }),
    );
    const [node] = plan.skeleton.body.nodes;
    const broken = { ...plan, skeleton: { ...plan.skeleton, body: { ...plan.skeleton.body, nodes: [{ ...node, parallel: 0 } as never] } } };
    expect(planProblems(broken).map(({ code }) => code)).toEqual(['HDL-BAD-OPTION']);
  });
  it('include a plan too large for a run', () => {
    const { problems } = draftPlan(
      valueOf(
        inPipeline(() => {
          for (let i = 0; i < 15_000; i++) one({}, { id: `one-of-a-great-many-steps-${i}-${'x'.repeat(60)}` });
        }),
      ),
      { hashOf: String, place: false },
    );
    expect(problems.map(({ code }) => code)).toEqual(['HDL-PLAN-TOO-LARGE']);
  }, 30_000);
});

describe('maps over item lists', () => {
  it('may not wait for an event in their body, where no page would hear it; an approval they may ask for', () => {
    const { problems } = draft(
      inPipeline(() => {
        map(shards().shards, () => waitForEvent('landed', z.null(), { within: '1h' }));
      }),
    );
    expect(problems).toMatchObject([
      { code: 'HDL-EVENT-IN-LIST', what: 'map:wait:landed/wait:landed waits for the event "landed" in a map over an item list.' },
    ]);
    expect(
      codes(
        inPipeline(() => {
          map(shards().shards, () => approval({ ask: 'Go?', from: ['ann'], within: '1h', onTimeout: 'reject' }));
          map([1], () => waitForEvent('landed', z.null(), { within: '1h' }));
        }),
      ),
    ).toEqual([]);
  });
});
