/** One pipeline with each kind of node and expression: for the golden plan and the plan's schema. */
import {
  all,
  always,
  any,
  approval,
  command,
  eq,
  gt,
  gte,
  isNull,
  itemList,
  loop,
  lt,
  lte,
  map,
  model,
  modelIfAny,
  modelOf,
  not,
  notify,
  pipeline,
  pluck,
  task,
  text,
  waitFor,
  waitForEvent,
  waitForPath,
  when,
  workflowStep,
  z,
} from 'heddle';
import { Clean, Day, DayWiki, Pages, Raw } from './tasks.ts';

const Delay = modelOf('delay');
const fetch = task({
  name: 'x.fetch',
  version: '2',
  owner: 'x@example.org',
  input: z.object({ from: Raw.slice, since: z.iso.datetime() }),
  output: Clean.slice,
  resources: { pool: 'hadoop', class: 'large' },
  retry: { attempts: 5, backoff: '30s', classes: { user: 1 } },
  timeout: '2h',
  heartbeat: '5m',
  queueTimeout: '1d',
  isolate: 'process',
});
const split = task({
  name: 'x.split',
  version: '1',
  input: z.object({ of: Clean.slice }),
  output: z.object({ parts: itemList(z.object({ id: z.string(), rows: z.int() })), rates: z.array(z.number()), note: z.string().nullable(), total: z.int() }),
});
const work = task({
  name: 'x.work',
  version: '1',
  input: z.object({ id: z.string(), rate: z.number().default(0.1) }),
  output: z.object({ id: z.string(), score: z.number() }),
});
const fit = command({
  name: 'x.fit',
  version: '1',
  argv: ['python3', 'fit.py'],
  input: z.object({ rate: z.number() }),
  output: z.object({ model: Delay, loss: z.number() }),
});
const legacy = workflowStep({ type: 'LegacyScore', queue: 'legacy', input: z.object({ uri: z.string() }), output: z.object({ rows: z.int() }), timeout: '1d' });
const page = task({ name: 'x.page', version: '1', input: z.object({ wiki: z.string() }), output: Pages.slice });

export const child = pipeline({ name: 'x.child', partitions: Day, params: z.object({ model: Delay, depth: z.int().default(2) }) }, ({ params }) => ({
  version: params.model.version,
}));

export const everything = pipeline(
  {
    name: 'x.everything',
    owner: 'x@example.org',
    partitions: DayWiki,
    onFailure: 'pause',
    params: z.object({ floor: z.number().default(0.5), labels: z.record(z.string(), z.string()).default({}) }),
    schedule: { cron: '0 3 * * *', timezone: 'Europe/Berlin', overlap: 'queue', catchup: '2d', jitter: '10m' },
  },
  ({ params, partition }) => {
    always((outcome) => {
      when(not(eq(outcome.status, 'done')), () => {
        notify({ text: text`failed at ${outcome.failedStep}`, level: 'error' });
      });
    });
    const raw = waitFor(Raw.window(partition, '7d'), { within: '6h' });
    waitForPath(text`store://ready/${partition.key}`, { within: '1h' });
    const signed = waitForEvent('signed', z.object({ by: z.string(), parts: z.array(z.string()) }), { within: '2d' });
    const clean = fetch({ from: raw, since: partition.start, into: { day: partition.day } });
    const parts = split({ of: clean }, { after: signed });
    const worked = map(
      parts.parts,
      (part, i) => {
        void i;
        return work({ id: part.id });
      },
      { parallel: 8, tolerate: '5%', key: (part) => part.id },
    );
    const trials = map(parts.rates, (rate) => map(signed.parts, (id) => work({ id, rate }, { id: 'try' }), { id: 'cells' }), { id: 'trials', tolerate: 2 });
    const scores = map(trials, (row) => ({ row, first: row.orElse([]).nth(0) }), { id: 'scores' });
    const best = loop(
      z.object({ rate: z.number(), loss: z.number(), model: Delay.nullable() }),
      { rate: 0.1, loss: 1, model: null },
      (state) => {
        const made = fit({ rate: state.rate });
        return { rate: state.rate, loss: made.loss, model: made.model };
      },
      { max: 10, until: (state) => lte(state.loss, 0.1), onMax: 'stop' },
    );
    const champion = modelIfAny('delay@champion').orElse(model('delay@1'));
    page({ wiki: partition.wiki, into: partition });
    const verdict = when(all(gte(parts.total, 1), gt(parts.total, 0), any(lt(best.loss, params.floor), isNull(best.model))), () => {
      const answer = approval({
        ask: text`Go with ${champion.version}?`,
        show: { loss: best.loss, note: parts.note.orElse('none') },
        from: ['ml-oncall'],
        within: '24h',
        onTimeout: 'reject',
      });
      child.start({ model: champion, partition: { day: partition.next.day } }, { id: 'hand-over', after: answer });
      return { approved: answer.approved, odd: { $literal: 1 } };
    }).otherwise(() => ({ approved: false, odd: { $literal: 2 } }));
    const called = child({ model: champion, depth: 1, partition: { day: partition.day } });
    const old = legacy({ uri: text`store://${called.version}` });
    return {
      verdict,
      rows: old.rows,
      worked,
      scores: scores.length,
      ids: pluck(signed.parts as never, 'length' as never),
      pages: Pages.where({ day: partition.day }),
    };
  },
);
