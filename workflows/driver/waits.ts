/**
 * Open gates and waits: registered with the server once, answered by signal or update, bounded by one timer with an absolute
 * deadline. They survive continue-as-new: carried, they are armed again without registering. Sandbox.
 */
import { sleep } from '@temporalio/workflow';
import type { Json } from '../../dsl/plan/types.ts';
import type { ControlAnswer, ControlMessage } from '../../dsl/contract/run.ts';
import type { WatchCall } from '../../dsl/contract/control.ts';
import type { Command } from '../scheduler/messages.ts';
import { controlCall } from './control-call.ts';
import type { Driver } from './driver.ts';
import type { StepLog } from './journal.ts';
import { shortId, summaryOf } from './short-names.ts';
import { WorkScope } from './work-scope.ts';

type WaitCommand = Extract<Command, { type: 'gate' | 'wait' }>;
type Answer = Extract<ControlMessage, { kind: 'answer' }>;

/** As it is carried. */
export interface OpenWait {
  readonly step: string;
  readonly deadline: number;
  readonly since: number;
  /** Who may answer a gate; null: a wait. */
  readonly from: readonly string[] | null;
  /** What came for it before the core had come to it again: after continue-as-new that can take long. */
  readonly value?: Json;
}
interface Armed extends OpenWait {
  readonly log: StepLog;
  readonly event: string | null;
  /** What it waits for, as JSON. */
  readonly on: string;
  /** Its call of heddle.watch is under way. */
  registering: boolean;
  timer: WorkScope | null;
}

export class Waits {
  private readonly driver: Driver;
  private armed = new Map<string, Armed>();
  private before: Map<string, OpenWait>;
  /** Events that came before anybody waited for them, in their order. */
  private readonly events: (readonly [string, Json])[];
  /** Calls of heddle.watch under way. */
  registering = 0;
  private repeated = 0;

  constructor(driver: Driver, before: readonly OpenWait[], events: readonly (readonly [string, Json])[]) {
    this.driver = driver;
    this.before = new Map(before.map((wait) => [wait.step, wait]));
    this.events = [...events];
  }

  get carried(): OpenWait[] {
    const open = [...this.armed.values()].map(({ step, deadline, since, from }) => ({ step, deadline, since, from }));
    return [...open, ...this.before.values()];
  }
  get unheard(): readonly (readonly [string, Json])[] {
    return this.events;
  }

  open(command: WaitCommand, log: StepLog): void {
    const { step } = command;
    // The same step again, after continue-as-new or under a newer plan: its time goes on.
    const same = this.armed.get(step);
    const before = same ?? this.before.get(step);
    const on = JSON.stringify(onOf(command));
    this.before.delete(step);
    this.close(step);
    const now = Date.now();
    const event = command.type === 'wait' && command.on.kind === 'event' ? command.on.event : null;
    const armed: Armed = {
      step,
      deadline: before?.deadline ?? now + command.node.withinMs,
      since: before?.since ?? now,
      log,
      event,
      on,
      registering: same?.on === on && same.registering,
      from: command.type === 'gate' ? command.node.from : null,
      timer: null,
    };
    this.armed.set(step, armed);
    log.queuedAt = armed.since;
    log.waitingFor = armed.from ? `an answer from ${armed.from.join(' or ')}` : event === null ? 'its data' : `the event "${event}"`;
    if (before?.value !== undefined) return this.done(armed, before.value);
    if (event !== null && this.hear(armed)) return;
    // A newer plan may have it wait for something else: the server is told.
    if (!before || (same && same.on !== on)) this.register(command, armed, same?.registering === true);
    else if (!armed.registering) this.arm(armed);
  }

  /** Forgets it; its timer goes. */
  close(step: string): void {
    this.armed.get(step)?.timer?.cancel();
    this.armed.delete(step);
  }

  satisfied(step: string, value: Json): void {
    const armed = this.armed.get(step);
    // A gate is answered by people alone.
    if (armed && armed.from === null) this.done(armed, value);
    const before = this.before.get(step);
    if (before && before.from === null) this.before.set(step, { ...before, value });
  }

  answer(message: Answer): ControlAnswer {
    const armed = this.armed.get(message.step);
    const before = this.before.get(message.step);
    const from = (armed?.log.scope ? armed : this.isOpen(before) ? before : null)?.from;
    if (!from) return { ok: false, code: 'HDL-NO-STEP', why: `there is no open approval "${message.step}"` };
    if (!message.roles.includes('admin') && !from.includes(message.by) && !message.roles.some((role) => from.includes(role)))
      return {
        ok: false,
        code: 'HDL-FORBIDDEN',
        why: `"${message.step}" may be answered by ${from.join(', ')}; ${message.by} has ${message.roles.join(', ') || 'no role'}`,
      };
    const value: Json = { approved: message.approved, by: message.by, note: message.note, timedOut: false };
    if (armed?.log.scope) this.done(armed, value);
    else if (before) this.before.set(message.step, { ...before, value });
    return { ok: true };
  }

  private isOpen(before: OpenWait | undefined): before is OpenWait {
    return before !== undefined && before.value === undefined && Date.now() < before.deadline;
  }

  /** For every wait that is open for it; else it is kept for the next one that opens. */
  event(name: string, payload: Json): ControlAnswer {
    const open = [...this.armed.values()].filter((armed) => armed.event === name);
    for (const armed of open) this.done(armed, payload);
    if (open.length > 0) return { ok: true };
    if (this.events.length >= MAX_UNHEARD)
      return { ok: false, code: 'HDL-CONTROL-REFUSED', why: `${MAX_UNHEARD} events lie here that no step has waited for yet` };
    this.events.push([name, payload]);
    return { ok: true, note: 'no step waits for it yet; it is kept' };
  }

  private hear(armed: Armed): boolean {
    const at = this.events.findIndex(([name]) => name === armed.event);
    const heard = this.events[at];
    if (!heard) return false;
    this.events.splice(at, 1);
    this.done(armed, heard[1]);
    return true;
  }

  /** `twice`: an older plan's call is under way, and two open activities cannot have one id. */
  private register(command: WaitCommand, armed: Armed, twice: boolean): void {
    const again = twice ? `:${++this.repeated}` : '';
    const { context: run } = this.driver;
    const call: WatchCall = {
      project: run.project,
      runId: run.runId,
      workflowId: run.workflowId,
      planHash: run.planHash,
      step: armed.step,
      on: onOf(command),
      deadline: armed.deadline,
    };
    armed.registering = true;
    this.registering++;
    controlCall(run.project, 'heddle.watch', call, {
      activityId: shortId(`${armed.step}:watch${again}`),
      summary: summaryOf(command.type === 'gate' ? command.ask : `wait: ${armed.step}`),
    }).then(
      (result) => {
        this.registering--;
        this.driver.nudge();
        const now = this.registered(armed);
        if (!now) return;
        if (result.state === 'satisfied') this.done(now, result.value);
        else {
          if (now.from === null) now.log.waitingFor = result.why;
          this.arm(now);
        }
      },
      (error: unknown) => {
        this.registering--;
        const now = this.registered(armed);
        if (!now) return;
        this.close(now.step);
        this.driver.failWith(now.log, error);
      },
    );
  }

  /** The wait that an answer is for: the step may have been opened again meanwhile, by a newer plan. */
  private registered(armed: Armed): Armed | null {
    const now = this.armed.get(armed.step);
    if (!now?.registering || now.on !== armed.on) return null;
    now.registering = false;
    return now;
  }

  private arm(armed: Armed): void {
    const left = armed.deadline - Date.now();
    if (left <= 0) {
      this.expire(armed);
      return;
    }
    const timer = new WorkScope();
    armed.timer = timer;
    timer.run(() => {
      void sleep(left, { summary: summaryOf(`deadline of ${armed.step}`) }).then(
        () => {
          this.expire(armed);
        },
        () => {},
      );
    });
  }

  private expire(armed: Armed): void {
    armed.timer = null;
    this.close(armed.step);
    this.driver.settle(armed.log, { type: 'expired', step: armed.step });
  }
  private done(armed: Armed, output: Json): void {
    this.close(armed.step);
    this.driver.settle(armed.log, { type: 'done', step: armed.step, output });
  }
}

const onOf = (command: WaitCommand): WatchCall['on'] =>
  command.type === 'gate' ? { kind: 'gate', ask: command.ask, show: command.show, from: command.node.from } : command.on;

const MAX_UNHEARD = 100;
