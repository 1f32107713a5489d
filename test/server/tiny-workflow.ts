/**
 * A hand-written stand-in for the interpreter, so that the server is tested by itself: it obeys the same contract (argument,
 * messages, control activities) and does what params.mode says. Runs in the sandbox.
 */
import { WEIGHTS_DIGEST } from './weights.ts';
import {
  allHandlersFinished,
  condition,
  defineQuery,
  defineSignal,
  defineUpdate,
  isCancellation,
  proxyActivities,
  setHandler,
  CancellationScope,
  workflowInfo,
} from '@temporalio/workflow';
import type { ControlActivities } from '../../dsl/contract/control.ts';
import type { ControlAnswer, ControlMessage, LiveState, RunFinal, RunInput, SatisfiedSignal, StepRecord } from '../../dsl/contract/run.ts';

const server = proxyActivities<ControlActivities>({ startToCloseTimeout: '20s', retry: { initialInterval: '100ms', maximumInterval: '1s' } });
const record = (step: string, over: Partial<StepRecord>): StepRecord => ({
  step,
  kind: 'task',
  task: 'tiny@1',
  status: 'done',
  waitingFor: null,
  queuedAt: 1,
  startedAt: 2,
  endedAt: 3,
  attempts: 1,
  failure: null,
  version: '1',
  worker: 'w',
  runMs: 1,
  waitMs: 0,
  output: 1,
  meta: { startedAt: 2, attempt: 1, worker: 'w', ms: 1 },
  ...over,
});

export default async function tiny(input: RunInput): Promise<void> {
  const { mode } = input.params as { mode?: string };
  const messages: ControlMessage[] = [];
  const satisfied: SatisfiedSignal[] = [];
  let paused = false;
  const live: StepRecord[] = [
    record('slow', {
      status: mode === 'wait' ? 'waiting' : 'queued',
      waitingFor: mode === 'wait' ? 'someone' : null,
      startedAt: null,
      endedAt: null,
      output: null,
      meta: null,
    }),
  ];
  setHandler(defineUpdate<ControlAnswer, [ControlMessage]>('heddle.control'), (message) => {
    if (message.kind === 'event' && message.event === 'refused') return { ok: false, code: 'HDL-NO-STEP', why: 'nobody waits for it' };
    if (message.kind === 'pause' && paused) return { ok: false, code: 'no code of ours', why: 'it is paused already' };
    if (message.kind === 'pause') paused = true;
    if (message.kind === 'resume') paused = false;
    messages.push(message);
    return { ok: true };
  });
  setHandler(defineSignal<[SatisfiedSignal]>('heddle.satisfied'), (signal) => {
    satisfied.push(signal);
  });
  setHandler(defineQuery<LiveState, [{ offset: number; limit: number }]>('heddle.state'), ({ offset, limit }) => ({
    status: paused ? 'paused' : 'running',
    counts: { queued: 1 },
    total: live.length,
    steps: live.slice(offset, offset + limit),
  }));

  const end = async (final: Partial<RunFinal>, steps: readonly StepRecord[]): Promise<void> => {
    await condition(allHandlersFinished);
    await server['heddle.record']({
      project: input.project,
      runId: input.runId,
      page: `${workflowInfo().workflowId}:1`,
      steps,
      final: { status: 'done', endedAt: Date.now(), output: { mode: mode ?? null }, failures: [], abandoned: [], ...final },
    });
  };
  try {
    const done = input.retryOf === undefined ? {} : (await server['heddle.load_done']({ runId: input.runId, cursor: 0 })).done;
    if (mode === 'fail' && input.retryOf === undefined) {
      const failure = { class: 'user', code: 'Error', message: 'as asked' } as const;
      return await end({ status: 'failed', output: null, failures: [{ step: 'second', failure }] }, [
        record('first', { output: { n: 1 } }),
        record('second', { status: 'failed', output: null, failure }),
      ]);
    }
    if (mode === 'fail') return await end({ output: { seeded: done } as never }, [record('second', {})]);
    if (mode === 'register' && input.retryOf === undefined) {
      await server['heddle.register_model']({
        project: input.project,
        runId: input.runId,
        pipeline: input.pipeline,
        step: 'register',
        input: { model: { kind: 'model', name: 'm', version: 'new', uri: 'store://trained/m', digest: WEIGHTS_DIGEST } },
      });
      live.unshift(record('register', { status: 'done', output: null, meta: null }));
      await condition(() => false);
    }
    if (mode === 'register') return await end({ output: { seeded: done } as never }, []);
    if (mode === 'hang' || mode === 'wait') {
      if (mode === 'wait')
        await server['heddle.watch']({
          project: input.project,
          runId: input.runId,
          workflowId: workflowInfo().workflowId,
          planHash: input.planHash,
          step: 'slow',
          on: { kind: 'gate', ask: 'Promote?', show: { auc: 0.6 }, from: ['ml-oncall'] },
          deadline: Date.now() + 60_000,
        });
      await condition(() => messages.some((message) => message.kind === 'event' || message.kind === 'answer'));
      return await end({ output: { messages } as never }, [record('slow', {})]);
    }
    if (mode === 'path') {
      const call = {
        project: input.project,
        runId: input.runId,
        workflowId: workflowInfo().workflowId,
        planHash: input.planHash,
        step: 'file',
        on: { kind: 'path', uri: 'store://inbox/ready.json' },
        deadline: Date.now() + 60_000,
      } as const;
      const looked = await server['heddle.watch'](call);
      if (looked.state === 'waiting') await condition(() => satisfied.length > 0);
      return await end({ output: { looked, satisfied } as never }, [record('file', { kind: 'wait' })]);
    }
    if (mode === 'child') {
      const call = {
        project: input.project,
        parent: { runId: input.runId, step: 'score', pipeline: input.pipeline },
        pipeline: input.pipeline,
        planHash: input.planHash,
        params: { mode: 'quick' },
        partition: null,
      };
      const prepared = await server['heddle.prepare_child']({ ...call, parent: { ...call.parent, step: 'called' } });
      const again = await server['heddle.prepare_child']({ ...call, parent: { ...call.parent, step: 'called' } });
      const started = await server['heddle.start_child'](call);
      return await end({ output: { prepared, same: JSON.stringify(prepared) === JSON.stringify(again), started } as never }, []);
    }
    await end({}, [record('only', {})]);
  } catch (error) {
    if (!isCancellation(error)) throw error;
    await CancellationScope.nonCancellable(() =>
      end({ status: 'cancelled', output: null }, [record('slow', { status: 'cancelled', output: null, meta: null })]),
    );
  }
}
