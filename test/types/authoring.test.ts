/** Types of the authoring surface. Checked by the compiler (tsc -b test); the bodies are never run. */
import { describe, expectTypeOf, it } from 'vitest';
import {
  all,
  approval,
  byCron,
  command,
  daily,
  dataset,
  dynamicKeys,
  eq,
  gte,
  hourly,
  itemList,
  keys,
  loop,
  map,
  model,
  modelIfAny,
  modelOf,
  monthly,
  not,
  pipeline,
  pluck,
  promoteModel,
  quarterly,
  registerModel,
  task,
  text,
  waitFor,
  waitForEvent,
  weekly,
  yearly,
  when,
  workflowStep,
  z,
  type ItemList,
  type MaybeSkipped,
  type Model,
  type Ref,
  type RefTo,
  type Slice,
  type TaskContext,
  type Time,
} from 'heddle';
import { Clean, copy, Day, DayWiki, Pages, Raw } from '../dsl/tasks.ts';

type Pixel = { x: number; y: number };
const Point = z.object({ x: z.number(), y: z.number() });
const make = task({ name: 'make', version: '1', input: z.object({ n: z.int(), scale: z.number().default(1) }), output: Point });
const list = task({
  name: 'list',
  version: '1',
  output: z.object({ items: itemList(Point), plain: z.array(Point), maybe: Point.nullable(), k: z.enum(['a', 'b']) }),
});
const Delay = modelOf('delay');
/** Keeps a body from being run: only its types matter here. */
const typesOnly = (_body: () => void): void => {};

describe('a call of a task', () => {
  it('gives a ref with the fields of the output', () =>
    typesOnly(() => {
      expectTypeOf(make({ n: 1 })).toEqualTypeOf<Ref<Pixel>>();
      expectTypeOf(make({ n: 1 }).x).toEqualTypeOf<Ref<number>>();
      expectTypeOf(make).parameter(0).toHaveProperty('n');
    }));
  it('needs its inputs, less those with a default', () =>
    typesOnly(() => {
      make({ n: 1, scale: 2 });
      make({ n: make({ n: 1 }).x });
      // @ts-expect-error missing input
      make({});
      // @ts-expect-error misspelt input
      make({ n: 1, scael: 2 });
      // @ts-expect-error wrong type
      make({ n: 'x' });
      // @ts-expect-error another field's type
      make({ n: list().k });
    }));
  it('takes nullable refs only after orElse', () =>
    typesOnly(() => {
      const use = task({ name: 'use', version: '1', input: z.object({ p: Point }) });
      // @ts-expect-error may be null
      use({ p: list().maybe });
      use({ p: list().maybe.orElse({ x: 0, y: 0 }) });
      expectTypeOf(list().maybe.orElse({ x: 0, y: 0 })).toEqualTypeOf<Ref<Pixel>>();
    }));
  it('runs by itself in a unit test with plain values', () => {
    const run: typeof make.run = (input) => make.run(input);
    expectTypeOf(run).parameter(0).toEqualTypeOf<{ n: number; scale?: number | undefined }>();
    expectTypeOf(run).returns.resolves.toEqualTypeOf<Pixel>();
  });
});

describe('what a task returns', () => {
  it('keeps literals narrow', () => {
    task({
      name: 'l',
      version: '1',
      output: z.object({ format: z.literal('onnx'), tags: z.array(z.enum(['a', 'b'])) }),
      async run() {
        return { format: 'onnx', tags: ['a'] };
      },
    });
  });
  it('must fit the output', () => {
    task({
      name: 'l',
      version: '1',
      output: Point,
      // @ts-expect-error a field is missing
      async run() {
        return { x: 1 };
      },
    });
    // @ts-expect-error a Date is no JSON
    task({ name: 'l', version: '1', output: z.object({ at: z.date() }) });
    // @ts-expect-error an optional field
    task({ name: 'l', version: '1', output: z.object({ at: z.string().optional() }) });
    // @ts-expect-error a Map
    task({ name: 'l', version: '1', output: z.object({ at: z.map(z.string(), z.string()) }) });
    // @ts-expect-error a bigint
    command({ name: 'l', version: '1', argv: ['x'], output: z.object({ at: z.bigint() }) });
  });
  it('may be nothing', () => {
    const quiet = task({ name: 'q', version: '1', async run() {} });
    typesOnly(() => {
      expectTypeOf(quiet()).toEqualTypeOf<Ref<null>>();
    });
  });
});

describe('the context', () => {
  it('reads rows and columns of a dataset by its own slice', () => {
    task({
      name: 'r',
      version: '1',
      input: z.object({ raw: Raw.slice, clean: Clean.slice }),
      output: Clean.slice,
      async run({ raw, clean }, ctx) {
        expectTypeOf(ctx.into).toEqualTypeOf<{ day: Time<'day'> }>();
        for await (const batch of ctx.read(Raw, raw)) {
          expectTypeOf(batch.columns.n).toEqualTypeOf<ArrayLike<number>>();
          for (const row of batch.rows()) expectTypeOf(row).toEqualTypeOf<{ n: number }>();
        }
        for await (const row of ctx.readRows(Clean, clean)) expectTypeOf(row.n).toEqualTypeOf<number>();
        // @ts-expect-error another dataset's slice
        ctx.read(Raw, clean);
        // @ts-expect-error wrong rows
        await ctx.write(Clean, [{ m: 1 }]);
        await ctx.write(
          Clean,
          (async function* () {
            yield { numRows: 1, columns: { n: new Float64Array(1) } };
          })(),
        );
        return ctx.write(Clean, [{ n: 1 }]);
      },
    });
  });
  it('makes and reads item lists, artifacts and checkpoints', () => {
    const use = async (ctx: TaskContext) => {
      const made = await ctx.items([{ x: 1, y: 2 }]);
      expectTypeOf(made).toEqualTypeOf<ItemList<Pixel>>();
      for await (const item of ctx.readItems(made)) expectTypeOf(item).toEqualTypeOf<Pixel>();
      expectTypeOf(await ctx.checkpoint.load<Pixel>()).toEqualTypeOf<Pixel | null>();
      expectTypeOf(await ctx.secret('x')).toEqualTypeOf<string>();
      expectTypeOf(ctx.signal).toExtend<AbortSignal>();
      expectTypeOf(await ctx.artifact('a', 'text')).toExtend<{ uri: string; digest: string; bytes: number }>();
    };
    expectTypeOf(use).toBeFunction();
  });
});

describe('map', () => {
  it('gives an array for an array and an item list for an item list', () =>
    typesOnly(() => {
      expectTypeOf(map([1, 2], (n) => make({ n }))).toEqualTypeOf<Ref<Pixel[]>>();
      expectTypeOf(map(list().plain, (p) => p.x)).toEqualTypeOf<Ref<number[]>>();
      expectTypeOf(map(list().items, (p) => p.x)).toEqualTypeOf<Ref<ItemList<number>>>();
      expectTypeOf(map([['a'], ['b']], (row) => map(row, (n) => make({ n: 1 }, { id: 'x', after: n as never })))).toEqualTypeOf<Ref<Pixel[][]>>();
    }));
  it('with tolerate gives elements that may be null', () =>
    typesOnly(() => {
      expectTypeOf(map([1, 2], (n) => make({ n }), { tolerate: 1 })).toEqualTypeOf<Ref<(Pixel | null)[]>>();
      expectTypeOf(map(list().items, (p) => p.x, { tolerate: '10%', parallel: 4 })).toEqualTypeOf<Ref<ItemList<number | null>>>();
      expectTypeOf(map([1, 2], (n) => make({ n }), { parallel: 2, id: 'x' })).toEqualTypeOf<Ref<Pixel[]>>();
    }));
  it('names items by a key of theirs, and knows its options', () =>
    typesOnly(() => {
      map(list().plain, (p) => p, { key: (p) => p.x });
      // @ts-expect-error no such field
      map(list().plain, (p) => p, { key: (p) => p.z });
      // @ts-expect-error no such option
      map(list().plain, (p) => p, { paralel: 3 });
      // @ts-expect-error over a number
      map(make({ n: 1 }).x, (p) => p);
    }));
  it('has pluck for one field of every element', () =>
    typesOnly(() => {
      expectTypeOf(pluck(list().plain, 'x')).toEqualTypeOf<Ref<number[]>>();
      expectTypeOf(list().plain.length).toEqualTypeOf<RefTo<number>>();
      expectTypeOf(list().plain.nth(0).orElse(null)).toEqualTypeOf<Ref<Pixel | null>>();
    }));
});

describe('a branch', () => {
  it('gives a value that must be handled', () =>
    typesOnly(() => {
      const w = when(eq(list().k, 'a'), () => make({ n: 1 }));
      expectTypeOf(w).toEqualTypeOf<MaybeSkipped<Pixel>>();
      expectTypeOf(w.orElse(null)).toEqualTypeOf<Ref<Pixel | null>>();
      expectTypeOf(w.otherwise(() => ({ x: 1, y: 2 }))).toExtend<Ref<Pixel>>();
      // @ts-expect-error it may be skipped
      make({ n: w.x });
      // @ts-expect-error a condition is boolean
      when(make({ n: 1 }).x, () => null);
      when(all(not(eq(list().k, 'a')), gte(make({ n: 1 }).x, 0.5)), () => null);
      // @ts-expect-error no such value
      eq(list().k, 'c');
    }));
  it('that is not handled may not be returned, and a body is not async', () => {
    // @ts-expect-error unhandled
    pipeline({ name: 'p' }, () => ({ v: when(eq(list().k, 'a'), () => 1) }));
    // @ts-expect-error async
    pipeline({ name: 'p' }, async () => ({ v: 1 }));
  });
});

describe('loops, approvals, events, hand-written workflows', () => {
  it('are typed by their schemas', () =>
    typesOnly(() => {
      const state = loop(z.object({ auc: z.number(), best: Delay.nullable() }), { auc: 0, best: null }, (s) => ({ auc: s.auc, best: null }), {
        max: 3,
        until: (s) => gte(s.auc, 0.8),
      });
      expectTypeOf(state).toEqualTypeOf<Ref<{ auc: number; best: Model<'delay'> | null }>>();
      // @ts-expect-error wrong state
      loop(z.object({ auc: z.number() }), { auc: 0 }, (s) => ({ auk: s.auc }), { max: 3, until: (s) => gte(s.auc, 0.8) });
      expectTypeOf(approval({ ask: text`x ${state.auc}`, from: ['a'], within: '1h', onTimeout: 'fail' }).approved).toEqualTypeOf<Ref<boolean>>();
      // @ts-expect-error no such unit
      approval({ ask: 'x', from: ['a'], within: '1 hour', onTimeout: 'fail' });
      expectTypeOf(waitForEvent('e', z.object({ who: z.string() }), { within: '1h' }).who).toEqualTypeOf<Ref<string>>();
      const legacy = workflowStep({ type: 'T', queue: 'q', input: z.object({ n: z.int() }), output: z.object({ m: z.int() }) });
      expectTypeOf(legacy({ n: 1 })).toEqualTypeOf<Ref<{ m: number }>>();
      // @ts-expect-error no queue
      workflowStep({ type: 'T' });
    }));
});

describe('partitions', () => {
  it('give each grain its own key', () => {
    expectTypeOf(daily({ start: '2001-01-01' })).not.toEqualTypeOf(weekly({ start: '2001-01-01' }));
    const Hourly = dataset('h', {
      uri: 'file:///x',
      partitions: { hour: hourly({ start: '2001-01-01' }), month: monthly({ start: '2001-01-01' }), user: dynamicKeys(), kind: keys(['a', 'b']) },
      schema: Point,
    });
    expectTypeOf(Hourly.slice).toEqualTypeOf<
      z.ZodType<
        Slice<'h', { hour: Time<'hour'>; month: Time<'month'>; user: string; kind: 'a' | 'b' }>,
        Slice<'h', { hour: Time<'hour'>; month: Time<'month'>; user: string; kind: 'a' | 'b' }>
      >
    >();
  });
  it('are read by a wider key and written by an exact one', () => {
    pipeline({ name: 'p', partitions: DayWiki }, ({ partition }) => {
      Raw.at(partition);
      // @ts-expect-error the dataset has no dimension wiki
      copy({ from: Raw.at(partition), into: partition });
      copy({ from: Raw.at(partition), into: { day: partition.day } });
      // @ts-expect-error no such wiki
      Pages.at({ day: partition.day, wiki: 'es' });
      // @ts-expect-error a span of days
      Raw.window(partition, '30h');
      waitFor(Raw.before(partition.next, '28d'), { within: '6h' });
    });
  });
  it('roll up to and from any grain, with keys of one kind and spans of their own', () => {
    const Slots = dataset('slots', { uri: 'file:///x', partitions: byCron({ cron: '0 6 * * *', start: '2001-01-01' }), schema: Point });
    const Quarters = dataset('quarters', { uri: 'file:///x', partitions: quarterly({ start: '2001-01-01' }), schema: Point });
    pipeline({ name: 'p', partitions: { year: yearly({ start: '2001-01-01' }), wiki: keys(['en']) } }, ({ partition }) => {
      Pages.within(partition);
      Pages.within(partition.offset(-7).next);
      Slots.within(partition);
      // @ts-expect-error a year is no quarter
      Quarters.at(partition);
      // @ts-expect-error a year is no quarter
      Quarters.at({ quarter: partition.year });
    });
    pipeline({ name: 'p', partitions: byCron({ cron: '0 6 * * *', start: '2001-01-01' }) }, ({ partition }) => {
      Slots.before(partition, '5p');
      // @ts-expect-error a span of partitions or days
      Slots.before(partition, '5q');
    });
    pipeline({ name: 'p', partitions: { day: daily({ start: '2001-01-01' }), wiki: keys(['xx']) } }, ({ partition }) => {
      // @ts-expect-error no such wiki
      Pages.within(partition);
    });
    pipeline({ name: 'p', partitions: keys(['a']) }, ({ partition }) => {
      // @ts-expect-error it has no bounds
      Slots.within(partition);
      // @ts-expect-error nothing comes before a key
      partition.offset(-1);
    });
  });
  it('must be there for `partition`, and a step that publishes must say where', () => {
    // @ts-expect-error no partitions
    pipeline({ name: 'p' }, ({ partition }) => {
      void partition;
    });
    pipeline({ name: 'p', partitions: Day }, ({ partition }) => {
      // @ts-expect-error into is missing
      copy({ from: Raw.at(partition) });
      // @ts-expect-error another dataset
      copy({ from: Clean.at(partition), into: partition });
    });
  });
  it('of a sub-pipeline are handed over', () => {
    const sub = pipeline({ name: 'sub', partitions: Day, params: z.object({ n: z.int(), m: z.int().default(1) }) }, ({ params }) => ({ twice: params.n }));
    pipeline({ name: 'p', partitions: Day }, ({ partition }) => {
      expectTypeOf(sub({ n: 1, partition })).toEqualTypeOf<Ref<{ twice: number }>>();
      expectTypeOf(sub.start({ n: 1, partition: partition.next }).runId).toEqualTypeOf<Ref<string>>();
      // @ts-expect-error no partition
      sub({ n: 1 });
      // @ts-expect-error wrong parameter
      sub({ n: 'x', partition });
    });
  });
});

describe('models', () => {
  it('carry their name', () =>
    typesOnly(() => {
      expectTypeOf(model('delay@champion')).toEqualTypeOf<Ref<Model<'delay'>>>();
      expectTypeOf(modelIfAny('delay@champion').orElse(null)).toEqualTypeOf<Ref<Model<'delay'> | null>>();
      const { model: registered } = registerModel({ model: model('delay@candidate'), metrics: { auc: 0.7 } });
      expectTypeOf(registered).toEqualTypeOf<Ref<Model<'delay'>>>();
      const swap = promoteModel({ model: registered, alias: 'champion', expected: modelIfAny('delay@champion').orElse(null) });
      expectTypeOf(swap.previous.orElse(null)).toEqualTypeOf<Ref<Model<'delay'> | null>>();
      const score = task({ name: 's', version: '1', input: z.object({ model: Delay }) });
      // @ts-expect-error another model
      score({ model: model('price@champion') });
      // @ts-expect-error no alias
      model('delay');
    }));
});
