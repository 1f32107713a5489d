import {
  all,
  always,
  approval,
  command,
  eq,
  gte,
  loop,
  map,
  modelIfAny,
  pipeline,
  pluck,
  registerModel,
  task,
  text,
  waitFor,
  when,
  workflowStep,
  z,
} from 'heddle';
import { Day, Fare, Rides } from './data.ts';
import { fares } from './fares.ts';

const Trial = z.object({ model: Fare, error: z.number() });
const trainOne = task({
  name: 'rides.train_one',
  version: '1',
  input: z.object({ rides: Rides.slice, rate: z.number() }),
  output: Trial,
  timeout: '2h',
  heartbeat: '30s',
});
const pickBest = task({
  name: 'rides.pick_best',
  version: '1',
  input: z.object({ trials: z.array(Trial), against: Fare.nullable(), errors: z.array(z.number()) }),
  output: Trial,
});
const refine = command({
  name: 'rides.refine',
  version: '3',
  argv: ['python3', 'refine.py'],
  input: z.object({ rate: z.number() }),
  output: z.object({ rate: z.number(), done: z.boolean() }),
});
const settle = workflowStep({
  type: 'settleAccounts',
  queue: 'accounts',
  input: z.object({ day: z.string() }),
  output: z.object({ ok: z.boolean() }),
  timeout: '1d',
});
const cleanUp = task({ name: 'rides.clean_up', version: '1', input: z.object({ day: z.string(), status: z.string() }) });

export const train = pipeline(
  { name: 'rides.train', partitions: Day, params: z.object({ rates: z.array(z.number()).default([0.1, 0.01]), most: z.number().default(5) }) },
  ({ params, partition }) => {
    always((outcome) => cleanUp({ day: partition.key, status: outcome.status }));
    const rides = waitFor(Rides.before(partition, '28d'), { within: '6h' });
    const start = loop(z.object({ rate: z.number(), done: z.boolean() }), { rate: 0.5, done: false }, (state) => refine({ rate: state.rate }), {
      max: 5,
      until: (state) => eq(state.done, true),
      onMax: 'stop',
    });
    const trials = map(params.rates, (rate) => trainOne({ rides, rate }), { parallel: 2 });
    const best = pickBest({ trials, against: modelIfAny('rides.fare@champion').orElse(null), errors: pluck(trials, 'error') }, { after: start });
    const accounts = settle({ day: partition.key });
    const news = when(all(gte(params.most, best.error), eq(accounts.ok, true)), () => {
      const { model } = registerModel({ model: best.model });
      const answer = approval({
        ask: text`Promote ${model.version} with an error of ${best.error} minutes?`,
        from: ['ml-oncall'],
        within: '24h',
        onTimeout: 'reject',
      });
      when(eq(answer.approved, true), () => fares.start({ partition: partition.next }, { after: answer }));
      return model.version;
    });
    return { error: best.error, promoted: news.orElse(null) };
  },
);
