/**
 * Runs a whole pipeline in process, without a server, on the scheduler core that the interpreter uses: in milliseconds, in
 * virtual time, in an order that is the same each time. Public: `heddle/testing`. For tests of wiring and of tasks together;
 * Temporal, workers and the store are not in it.
 */
import type { Json, Plan, TaskRules } from '../dsl/plan/types.ts';
import type { StepFailure } from '../dsl/contract/step.ts';
import type { PartitionScope, StepStatus } from '../dsl/contract/run.ts';
import { offsetsIn } from '../dsl/plan/partition-path.ts';
import { pipelineOf, type TaskValue } from '../dsl/authoring/values.ts';
import { partitionScope } from '../calendar/partition-scope.ts';
import { createScheduler } from '../workflows/scheduler/scheduler.ts';
import type { Command, SchedulerCore, SchedulerEvent } from '../workflows/scheduler/messages.ts';
import { durationMs, FakeFailure, isTakes, takenMs, type Fake } from './fakes.ts';
import { memoryContext } from './memory-context.ts';
import { MemoryData, type Published, type TestData } from './memory-data.ts';
import { expectationProblem } from './memory-expect.ts';
import { planFor, type PlannedPipeline } from './plan-for.ts';
import { TestResults, type ResultKey } from './results.ts';
import { VirtualClock } from './virtual-clock.ts';

export interface RunPipelineOptions {
  readonly params?: Readonly<Record<string, unknown>>;
  /** { day: '2001-03-01' } for a partitioned pipeline. */
  readonly partition?: Readonly<Record<string, string>>;
  /** By task name, or by step path. A task without a fake runs its own code. */
  readonly fakes?: Readonly<Record<string, Fake>>;
  /** Rows of the datasets that are read. */
  readonly data?: TestData;
  /** 'flights.delay@champion' -> a version. */
  readonly models?: Readonly<Record<string, { readonly version: string; readonly uri?: string; readonly digest?: string }>>;
  /** Answers to approvals by step path; without one they time out. */
  readonly answers?: Readonly<Record<string, { readonly approved: boolean; readonly by?: string; readonly note?: string; readonly after?: string }>>;
  /** Payloads of outside events by name; without one the wait times out. */
  readonly events?: Readonly<Record<string, Json>>;
  readonly secrets?: Readonly<Record<string, string>>;
  /** Virtual time of the start, ISO; default 2001-01-01T00:00:00Z. */
  readonly clock?: string;
  /**
   * Where tasks with `cache` find results: by default those of this run alone. One `new TestResults()` given to several runs is
   * what they share; false: every task runs, as with `heddle run --no-cache`.
   */
  readonly results?: TestResults | false;
  /** Cancels the run at this virtual time after its start. */
  readonly cancelAfter?: string;
}
export interface StepRow {
  readonly step: string;
  readonly kind: string;
  readonly status: StepStatus;
  readonly output: unknown;
  readonly failure: StepFailure | null;
  readonly attempts: number;
  /** It took the result of an earlier step (`cache`), and its code did not run. */
  readonly cached: boolean;
  /** Virtual ms since the start of the run; null when it never started. */
  readonly startedMs: number | null;
  readonly endedMs: number | null;
}
export interface PipelineResult {
  readonly status: 'done' | 'failed' | 'cancelled';
  readonly output: unknown;
  readonly failures: readonly { readonly step: string; readonly failure: StepFailure }[];
  readonly steps: readonly StepRow[];
  /** Steps in the order in which they started. */
  readonly order: readonly string[];
  readonly step: (path: string) => StepRow | undefined;
  readonly logs: readonly string[];
  readonly plan: Plan;
  /** Virtual ms that the run took. */
  readonly tookMs: number;
}

export async function runPipeline(pipeline: unknown, options: RunPipelineOptions = {}): Promise<PipelineResult> {
  if (!pipelineOf(pipeline)) throw new TypeError('runPipeline takes a pipeline: the value that pipeline(...) gave');
  const data = new MemoryData(options.data ?? {});
  for (const [name, model] of Object.entries(options.models ?? {}))
    data.models.set(name, {
      kind: 'model',
      name: name.split('@')[0] as string,
      version: model.version,
      uri: model.uri ?? `memory://models/${name}`,
      digest: model.digest ?? model.version,
    });
  const given = { ...options, results: options.results ?? new TestResults() };
  return new Run(planFor(pipeline), given, data, options.partition ?? null, (options.params ?? {}) as Json, []).go();
}

const SECOND = 1000;

class Run {
  private readonly planned: PlannedPipeline;
  private readonly options: RunPipelineOptions;
  private readonly data: MemoryData;
  private readonly scope: PartitionScope | null;
  private readonly params: Json;
  private readonly clock: VirtualClock<() => Promise<SchedulerEvent[]>>;
  private readonly startedAt: number;
  private readonly times = new Map<string, { startedMs: number; endedMs: number | null; attempts: number }>();
  private readonly cached = new Set<string>();
  private readonly order: string[] = [];
  private readonly logs: string[];
  private core!: SchedulerCore;

  constructor(
    planned: PlannedPipeline,
    options: RunPipelineOptions,
    data: MemoryData,
    partition: Readonly<Record<string, string>> | null,
    params: Json,
    logs: string[],
  ) {
    this.planned = planned;
    this.options = options;
    this.data = data;
    this.logs = logs;
    const { partitions } = planned.plan.contracts;
    if (partitions && !partition)
      throw new TypeError(`${planned.plan.name} is partitioned: runPipeline(p, { partition: { ${Object.keys(partitions).join(', ')} } })`);
    this.scope = partitions && partition ? partitionScope(partitions, partition, 2, offsetsIn(planned.plan.skeleton as unknown as Json)) : null;
    this.params = planned.parseParams(params);
    this.startedAt = Date.parse(options.clock ?? '2001-01-01T00:00:00Z');
    this.clock = new VirtualClock(this.startedAt);
  }

  async go(): Promise<PipelineResult> {
    this.core = createScheduler({ skeleton: this.planned.plan.skeleton, params: this.params, partition: this.scope });
    if (this.options.cancelAfter)
      this.clock.put(this.startedAt + durationMs(this.options.cancelAfter), async () => [
        { type: 'cancel' },
        ...[...this.waitingSteps].map((step) => ({ type: 'cancelled', step }) as const),
      ]);
    this.take(this.core.start());
    for (let next = this.clock.take(); next && !this.core.finished; next = this.clock.take()) {
      const events = await next();
      for (const event of events) if ('step' in event) this.ended(event.step);
      if (events.length > 0) this.take(this.core.turn(events));
    }
    return this.result();
  }
  private readonly waitingSteps = new Set<string>();

  private take(commands: readonly Command[]): void {
    for (const command of commands) {
      if (command.type === 'pin') {
        this.clock.put(this.clock.now, async () => [
          { type: 'pinned', id: command.id, pins: command.pins.map((pin) => this.data.pin(this.planned.plan, pin)) },
        ]);
        continue;
      }
      if (!this.times.has(command.step)) {
        this.times.set(command.step, { startedMs: this.clock.now - this.startedAt, endedMs: null, attempts: 0 });
        this.order.push(command.step);
      }
      this.carryOut(command);
    }
  }

  private carryOut(command: Exclude<Command, { type: 'pin' }>): void {
    const now = this.clock.now;
    const say = (at: number, ...events: SchedulerEvent[]): void => {
      this.clock.put(at, async () => events);
    };
    const step = command.step;
    switch (command.type) {
      case 'task':
        return this.attempt(command, 1, now + command.delayMs);
      case 'gate': {
        const answer = this.options.answers?.[step];
        this.waitingSteps.add(step);
        if (!answer) return say(now + command.node.withinMs, { type: 'expired', step });
        const at = now + (answer.after ? durationMs(answer.after) : SECOND);
        if (at > now + command.node.withinMs) return say(now + command.node.withinMs, { type: 'expired', step });
        return say(at, { type: 'done', step, output: { approved: answer.approved, by: answer.by ?? 'test', note: answer.note ?? null, timedOut: false } });
      }
      case 'wait': {
        this.waitingSteps.add(step);
        const { on } = command;
        const event = on.kind === 'event' ? this.options.events?.[on.event] : undefined;
        if (event !== undefined) return say(now + SECOND, { type: 'done', step, output: event });
        if (on.kind === 'path') return say(now + SECOND, { type: 'done', step, output: { uri: on.uri } });
        const pinned = on.kind === 'slice' ? this.data.pin(this.planned.plan, on.request) : null;
        if (pinned && !('missing' in pinned)) return say(now, { type: 'done', step, output: pinned as unknown as Json });
        return say(now + command.node.withinMs, { type: 'expired', step });
      }
      case 'pipeline':
        this.clock.put(now + 1, async () => [await this.called(command)]);
        return;
      case 'workflow':
        this.clock.put(now + 1, async () => [
          await this.outcomeOf(step, this.fakeFor(step, command.workflowType), command.input, 1, command.workflowType, null),
        ]);
        return;
      case 'chunk':
        this.clock.put(now + 1, async () => [await this.chunk(command)]);
        return;
      case 'join':
        return say(now, { type: 'done', step, output: this.data.writeItems(command.pages.flatMap((page) => this.data.readItems(page))) as unknown as Json });
    }
  }

  private fakeFor(step: string, name: string): Fake | undefined {
    const fakes = this.options.fakes ?? {};
    return Object.hasOwn(fakes, step) ? fakes[step] : Object.hasOwn(fakes, name) ? fakes[name] : undefined;
  }

  /** One attempt; failures that Temporal would retry are retried here, in virtual time. */
  private attempt(command: Extract<Command, { type: 'task' }>, attempt: number, at: number): void {
    const name = command.task.split('@')[0] as string;
    const fake = this.fakeFor(command.step, name);
    const took = isTakes(fake) ? takenMs(fake) : 1;
    const limit = command.rules.timeoutMs;
    this.clock.put(at + Math.min(took, limit), async () => {
      const timing = this.times.get(command.step);
      if (timing) timing.attempts++;
      const event: SchedulerEvent =
        took > limit
          ? { type: 'failed', step: command.step, failure: { class: 'timeout', code: 'HDL-TIMEOUT-RUN', message: `did not end within ${limit} ms` } }
          : await this.outcomeOf(command.step, isTakes(fake) ? fake.fake : fake, command.input, attempt, name, command);
      if (event.type === 'failed' && retried(event.failure, command.rules, attempt)) {
        this.attempt(command, attempt + 1, this.clock.now + command.rules.backoffMs * 2 ** (attempt - 1));
        return [];
      }
      return [event];
    });
  }

  private async outcomeOf(
    step: string,
    fake: Fake | undefined,
    input: Json,
    attempt: number,
    name: string,
    command: Extract<Command, { type: 'task' }> | null,
  ): Promise<SchedulerEvent> {
    const into = (command?.into ?? null) as Readonly<Record<string, string>> | null;
    const task = command ? this.planned.tasks.get(command.task) : undefined;
    const { results } = this.options;
    const key: ResultKey | null =
      command && task?.cache && results ? { task: command.task, input, into: command.into ?? null, partition: this.scope?.key ?? null } : null;
    try {
      const found = key && results ? results.find(key, task?.cache?.forMs ?? null, this.clock.now, this.data) : null;
      if (found) {
        this.cached.add(step);
        this.logs.push(`info ${step}: not run: the same version of the task had the same input before`);
        return { type: 'done', step, output: found.output };
      }
      const written: Published[] = [];
      const raw =
        fake === undefined
          ? await this.own(step, input, attempt, command, written)
          : typeof fake === 'function'
            ? await fake(input as never, { step, task: name, attempt, into })
            : fake;
      const output = task ? parseOutput(task, raw) : ((raw ?? null) as Json);
      const published = this.publish(written, task);
      if (key && results) results.keep(key, { at: this.clock.now, output, published, data: this.data });
      return { type: 'done', step, output };
    } catch (error) {
      return { type: 'failed', step, failure: failureOf(error) };
    }
  }

  /** The last partition written of each dataset that the task publishes; none of them where one is not as its dataset expects. */
  private publish(written: readonly Published[], task: TaskValue | undefined): Published[] {
    const names = new Set(Object.values(task?.publishes ?? {}));
    const published = [...names].flatMap((name) => written.findLast(({ dataset }) => dataset === name) ?? []);
    for (const { dataset: name, key, rows } of published) {
      const dataset = this.planned.plan.contracts.datasets[name];
      const problem = dataset && expectationProblem(dataset, key as Readonly<Record<string, string>>, rows, this.data.partitionsOf(name));
      if (problem) throw new FakeFailure('data', problem, 'HDL-EXPECTATION');
    }
    for (const one of published) this.data.publish(one);
    return published;
  }

  private async own(step: string, input: Json, attempt: number, command: Extract<Command, { type: 'task' }> | null, written: Published[]): Promise<unknown> {
    const task = command ? this.planned.tasks.get(command.task) : undefined;
    if (!task?.run) throw new Error(`${step} cannot run in a test: give it a fake, { fakes: { '${command?.task.split('@')[0] ?? step}': ... } }`);
    const context = memoryContext({
      data: this.data,
      task,
      step,
      attempt,
      runId: '01TESTRUN0000000000000000',
      partition: this.scope?.key ?? null,
      into: command?.into ?? null,
      written,
      secrets: this.options.secrets ?? {},
      log: (line) => {
        this.logs.push(line);
      },
    });
    return task.run(task.input.parse(input), context);
  }

  private async called(command: Extract<Command, { type: 'pipeline' }>): Promise<SchedulerEvent> {
    const fake = this.fakeFor(command.step, command.pipeline);
    if (command.mode === 'start') return { type: 'done', step: command.step, output: { runId: `started:${command.step}` } };
    if (fake !== undefined) return this.outcomeOf(command.step, fake, command.params, 1, command.pipeline, null);
    const callee = this.planned.called.get(command.pipeline);
    if (!callee)
      return { type: 'failed', step: command.step, failure: { class: 'user', code: 'HDL-UNKNOWN-PIPELINE', message: `${command.pipeline} is not there` } };
    const result = await new Run(
      callee(),
      this.options,
      this.data,
      command.partition as Readonly<Record<string, string>> | null,
      command.params,
      this.logs,
    ).go();
    if (result.status === 'done') return { type: 'done', step: command.step, output: result.output as Json };
    return {
      type: 'failed',
      step: command.step,
      failure: { class: 'user', code: 'HDL-RUN-FAILED', message: `${command.pipeline} failed: ${result.failures[0]?.failure.message ?? 'unknown'}` },
    };
  }

  /** A page of a list map: its own core over the items, like the chunk workflow. */
  private async chunk(command: Extract<Command, { type: 'chunk' }>): Promise<SchedulerEvent> {
    const items = this.data.readItems(command.list).slice(command.firstIndex, command.firstIndex + command.list.pageSize);
    const nodes = command.maps.map((map, i) => ({
      ...map,
      items: 'array' as const,
      over: i === 0 ? { $lit: items } : map.over,
      parallel: command.parallel,
      tolerate: { count: items.length },
    }));
    const core = createScheduler({
      skeleton: { ...this.planned.plan.skeleton, onFailure: 'fail', always: null, body: { nodes, output: nodes.map((node) => ({ $ref: [node.id] })) } },
      params: this.params,
      partition: this.scope,
      roots: command.roots,
      indexOffset: command.firstIndex,
    });
    const open: Command[] = [...core.start()];
    for (let next = open.shift(); next; next = open.shift()) {
      if (next.type !== 'task') throw new Error(`a ${next.type} in a map over an item list: not in the testing kit`);
      const name = next.task.split('@')[0] as string;
      const fake = this.fakeFor(next.step, name);
      open.push(...core.turn([await this.outcomeOf(next.step, isTakes(fake) ? fake.fake : fake, next.input, 1, name, next)]));
    }
    const failed = [...core.steps()].filter((state) => state.kind === 'task' && state.status === 'failed');
    const outputs = core.final.output as readonly (readonly Json[])[];
    return {
      type: 'chunk-done',
      step: command.step,
      results: nodes.map((_, i) => ({
        uri: this.data.writeItems(outputs[i] ?? []).uri,
        count: items.length,
        failed: i === 0 ? failed.length : 0,
        firstFailure: i === 0 ? (failed[0]?.failure ?? null) : null,
      })),
    };
  }

  private ended(step: string): void {
    this.waitingSteps.delete(step);
    const timing = this.times.get(step);
    if (timing) timing.endedMs = this.clock.now - this.startedAt;
  }

  private result(): PipelineResult {
    const { final } = this.core;
    const steps = [...this.core.steps()].map((state): StepRow => {
      const timing = this.times.get(state.step);
      return {
        step: state.step,
        kind: state.kind,
        status: state.status,
        output: state.output,
        failure: state.failure,
        attempts: timing?.attempts ?? 0,
        cached: this.cached.has(state.step),
        startedMs: timing?.startedMs ?? null,
        endedMs: timing?.endedMs ?? null,
      };
    });
    const byPath = new Map(steps.map((row) => [row.step, row]));
    return {
      status: final.status,
      output: final.output,
      failures: final.failures,
      steps,
      order: this.order,
      step: (path) => byPath.get(path),
      logs: this.logs,
      plan: this.planned.plan,
      tookMs: this.clock.now - this.startedAt,
    };
  }
}

const retried = (failure: StepFailure, rules: TaskRules, attempt: number): boolean =>
  failure.class !== 'user' && failure.class !== 'data' && attempt < rules.attempts;

function parseOutput(task: TaskValue, raw: unknown): Json {
  const parsed = task.output.safeParse(raw ?? null);
  if (parsed.success) return parsed.data as Json;
  const issue = parsed.error.issues[0];
  throw new FakeFailure(
    'data',
    `the output of ${task.name} does not fit its schema at ${issue?.path.join('.') || 'its root'}: ${issue?.message ?? ''}`,
    'HDL-OUTPUT-SHAPE',
  );
}
function failureOf(error: unknown): StepFailure {
  if (error instanceof FakeFailure) return { class: error.class, code: error.code, message: error.message };
  if (error instanceof Error) return { class: 'user', code: error.name, message: error.message };
  return { class: 'user', code: 'Error', message: String(error) };
}
