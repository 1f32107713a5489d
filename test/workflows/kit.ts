/** The real interpreter on a real Temporal server, with a fake control plane and a fake pool worker, for one test file. */
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { WorkflowFailedError } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker, type WorkerOptions } from '@temporalio/worker';
import type { ApplicationFailure } from '@temporalio/common';
import { registerSearchAttributes } from '../../api/runs/search-attributes.ts';
import { controlQueueOf, queueOf } from '../../dsl/contract/step.ts';
import { messages, workflowIdOf, type ControlAnswer, type ControlMessage, type LiveState, type RunInput, type StepRecord } from '../../dsl/contract/run.ts';
import type { Json, Skeleton } from '../../dsl/plan/types.ts';
import { workflowBundle } from '../../workers/workflow-bundle.ts';
import { startTemporal } from '../real-parts/temporal.ts';
import { FakeControl } from './control-fakes.ts';
import { FakeSteps, type Handler } from './step-fakes.ts';

export const PROJECT = 'p';

let logging = false;
/** Of the SDK's own log: once a process. */
export function quiet(): void {
  if (logging) return;
  logging = true;
  Runtime.install({ logger: new DefaultLogger(process.env['KIT_LOG'] ? 'INFO' : 'ERROR') });
}

export interface Run {
  readonly runId: string;
  readonly handle: WorkflowHandle;
  result(): Promise<Json>;
  /** The message of its failure. */
  failure(): Promise<string>;
  control(message: ControlMessage): Promise<ControlAnswer>;
  state(page?: { offset?: number; limit?: number }): Promise<LiveState>;
  /** Polls the live view until it holds. */
  until(what: (state: LiveState) => boolean): Promise<LiveState>;
  untilStep(step: string, status: string): Promise<LiveState>;
  steps(): Map<string, StepRecord>;
}

export class Kit {
  readonly control = new FakeControl();
  readonly steps = new FakeSteps();
  readonly client: Client;
  private readonly native: NativeConnection;
  private readonly temporal: Awaited<ReturnType<typeof startTemporal>>;
  private workers: { readonly worker: Worker; readonly running: Promise<void> }[] = [];
  private count = 0;
  /** For steps that end when a test says so. */
  tell: (value: Json) => void = () => {};
  readonly told = new Promise<Json>((resolve) => {
    this.tell = resolve;
  });

  private constructor(temporal: Awaited<ReturnType<typeof startTemporal>>, native: NativeConnection, client: Client) {
    this.temporal = temporal;
    this.native = native;
    this.client = client;
  }

  static async start(options: Partial<WorkerOptions> = {}): Promise<Kit> {
    quiet();
    const temporal = await startTemporal();
    const connection = await Connection.connect({ address: temporal.address });
    const kit = new Kit(temporal, await NativeConnection.connect({ address: temporal.address }), new Client({ connection }));
    await registerSearchAttributes(connection, 'default');
    await kit.work({ taskQueue: controlQueueOf(PROJECT), workflowBundle: await workflowBundle(), activities: kit.control.activities, ...options });
    await kit.work({
      taskQueue: queueOf(PROJECT, 'default', 'small'),
      activities: kit.steps.activities,
      maxHeartbeatThrottleInterval: 200,
      defaultHeartbeatThrottleInterval: 200,
    });
    return kit;
  }

  async work(options: Omit<WorkerOptions, 'connection'>): Promise<Worker> {
    const worker = await Worker.create({ connection: this.native, namespace: 'default', ...options });
    this.workers.push({ worker, running: worker.run() });
    return worker;
  }

  on(task: string, handler: Handler): void {
    this.steps.handlers.set(task, handler);
  }

  async run(skeleton: Skeleton, input: Partial<RunInput> = {}): Promise<Run> {
    const runId = input.runId ?? `run${++this.count}`;
    const full: RunInput = {
      project: PROJECT,
      runId,
      pipeline: skeleton.name,
      planHash: `hash:${skeleton.name}`,
      skeleton,
      params: {},
      partition: null,
      ...input,
    };
    this.control.plans.set(full.planHash, skeleton);
    const handle = await this.client.workflow.start(skeleton.name, {
      taskQueue: controlQueueOf(PROJECT),
      workflowId: workflowIdOf(PROJECT, skeleton.name, null, runId),
      args: [full],
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    });
    return this.follow(runId, handle);
  }

  follow(runId: string, handle: WorkflowHandle): Run {
    const run: Run = {
      runId,
      handle,
      result: async () => (await handle.result()) as Json, // a run gives JSON
      failure: async () => {
        try {
          await handle.result();
        } catch (error) {
          if (error instanceof WorkflowFailedError) return (error.cause as ApplicationFailure | undefined)?.message ?? '';
          throw error;
        }
        throw new Error('the run did not fail');
      },
      control: (message) => handle.executeUpdate<ControlAnswer, [ControlMessage]>(messages.control, { args: [message] }),
      state: (page) => handle.query<LiveState, [typeof page]>(messages.state, page),
      until: (what) => until(() => run.state(), what),
      untilStep: (step, status) => run.until((state) => state.steps.some((one) => one.step === step && one.status === status)),
      steps: () => this.control.steps(runId),
    };
    return run;
  }

  async stop(): Promise<void> {
    for (const { worker } of this.workers) if (worker.getState() === 'RUNNING') worker.shutdown();
    await Promise.all(this.workers.map(({ running }) => running));
    await this.native.close();
    await this.client.connection.close();
    await this.temporal.stop();
  }
}

export interface Execution {
  readonly type: string;
  readonly status: string;
  readonly events: number;
}
/** Executions of this very workflow id. Temporal's list is a moment behind. */
export async function executionsOf(kit: Kit, workflowId: string): Promise<Execution[]> {
  const found: Execution[] = [];
  for await (const { runId } of kit.client.workflow.list({ query: `WorkflowId = '${workflowId}'` })) {
    const info = await kit.client.workflow.getHandle(workflowId, runId).describe();
    found.push({ type: info.type, status: info.status.name, events: info.historyLength });
  }
  return found;
}

/** Polls until it holds; fails after 20 s with what it saw last. */
export async function until<T>(look: () => Promise<T> | T, holds: (value: T) => boolean): Promise<T> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const value = await look();
    if (holds(value)) return value;
    if (Date.now() > deadline) throw new Error(`it did not come to hold in 20 s; last: ${JSON.stringify(value)?.slice(0, 2000)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
