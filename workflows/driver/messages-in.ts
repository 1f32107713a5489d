/** Handlers of the run's update, signal and query. Set before anything else, so that nothing sent early is lost. Sandbox. */
import { defineQuery, defineSignal, defineUpdate, setHandler } from '@temporalio/workflow';
import { messages, type ControlAnswer, type ControlMessage, type LiveState, type SatisfiedSignal } from '../../dsl/contract/run.ts';
import { OUTPUT_BYTES } from '../../dsl/contract/step.ts';
import { roughBytes } from '../scheduler/evaluate.ts';
import { childSignals, type ChildReport } from './child-contract.ts';
import type { Driver } from './driver.ts';
import { EMPTY_STATE, liveState } from './live-state.ts';

type Page = { readonly offset?: number; readonly limit?: number };

/** Where messages go; `driver` is set when the plan is loaded. What comes before is kept. */
export class Mailbox {
  private driver: Driver | null = null;
  private early: ((driver: Driver) => void)[] = [];
  private hidden: LiveState['counts'] = {};
  /** Outputs were left behind: see Carry. */
  private pruned = false;

  constructor() {
    setHandler(defineQuery<LiveState, [Page?]>(messages.state), (page) => (this.driver ? liveState(this.driver, this.hidden, page) : EMPTY_STATE));
    setHandler(defineSignal(childSignals.asked), () => {});
    setHandler(defineSignal<[ChildReport]>(childSignals.reported), (report) => {
      this.give((driver) => {
        driver.children.reported(report);
      });
    });
    setHandler(defineSignal<[SatisfiedSignal]>(messages.satisfied), ({ step, value }) => {
      this.give((driver) => {
        driver.waits.satisfied(step, value);
      });
    });
  }

  /** For a chunk: pausing is told by its parent, approvals of its items are answered here. */
  takeAnswers(): void {
    setHandler(defineSignal<[boolean]>(childSignals.held), (held) => {
      this.give((driver) => {
        if (held) driver.pause();
        else driver.resume();
      });
    });
    setHandler(defineUpdate<ControlAnswer, [ControlMessage]>(messages.control), (message) =>
      message.kind === 'answer' ? this.control(message) : { ok: false, code: 'HDL-CONTROL-REFUSED', why: 'a page of a map takes no message but answers' },
    );
  }
  takeControl(): void {
    setHandler(defineUpdate<ControlAnswer, [ControlMessage]>(messages.control), (message) => this.control(message));
  }

  open(driver: Driver, hidden: LiveState['counts'], pruned: boolean): void {
    this.driver = driver;
    this.hidden = hidden;
    this.pruned = pruned;
    for (const action of this.early) action(driver);
    this.early = [];
  }

  private give(action: (driver: Driver) => void): void {
    if (this.driver) action(this.driver);
    else this.early.push(action);
  }

  private control(message: ControlMessage): ControlAnswer | Promise<ControlAnswer> {
    const { driver } = this;
    if (driver && isEnding(driver)) return { ok: false, code: 'HDL-RUN-ENDED', why: `the run is over: ${driver.core.status}` };
    switch (message.kind) {
      case 'pause':
        this.give((run) => {
          run.pause();
        });
        return { ok: true };
      case 'resume':
        return this.resume(message);
      case 'answer':
        if (driver) return driver.waits.answer(message);
        // The first task of an execution that continues another: which approvals are open is known in a moment.
        return new Promise((resolve) => {
          this.give((run) => {
            resolve(run.waits.answer(message));
          });
        });
      case 'event':
        if (roughBytes(message.payload) > OUTPUT_BYTES)
          return { ok: false, code: 'HDL-INPUT-TOO-LARGE', why: `the payload of "${message.event}" is larger than ${OUTPUT_BYTES} bytes` };
        if (driver) return driver.waits.event(message.event, message.payload);
        this.give((run) => {
          run.waits.event(message.event, message.payload);
        });
        return { ok: true };
    }
  }

  private resume(message: Extract<ControlMessage, { kind: 'resume' }>): ControlAnswer {
    const { repin } = message;
    const { driver } = this;
    if (!repin) {
      this.give((run) => {
        run.resume();
      });
      return { ok: true };
    }
    if (!driver || driver.status !== 'paused' || !driver.isStill)
      return { ok: false, code: 'HDL-REPIN-BUSY', why: 'a run moves to a newer plan only while it is paused and no step of it runs' };
    if (this.pruned)
      return {
        ok: false,
        code: 'HDL-REPIN-BUSY',
        why: 'the run is so large that finished outputs were left in the catalog: start it anew, or resume it as it is',
      };
    if (repin.skeleton.name !== driver.context.skeleton.name)
      return { ok: false, code: 'HDL-REPIN-BUSY', why: `the newer plan is of ${repin.skeleton.name}, and the run is of ${driver.context.skeleton.name}` };
    driver.context.planHash = repin.planHash;
    driver.resume(repin.skeleton);
    return { ok: true };
  }
}

/** Past its body: pausing, answers and events mean nothing any more. */
const isEnding = (driver: Driver): boolean => driver.core.status !== 'running' && driver.core.status !== 'paused';
