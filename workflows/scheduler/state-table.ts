/** The states of all steps met so far, in the order of their first appearance, with counts by status. Pure. */
import type { StepStatus } from '../../dsl/contract/run.ts';
import type { StepState } from './messages.ts';

export class StateTable {
  private states = new Map<string, StepState>();
  readonly counts: { [S in StepStatus]?: number } = {};

  values(): Iterable<StepState> {
    return this.states.values();
  }
  get(step: string): StepState | undefined {
    return this.states.get(step);
  }
  add(step: string, kind: StepState['kind'], task: string | null, round: number): StepState {
    const state: StepState = { step, kind, task, status: 'pending', failure: null, output: null, round };
    this.states.set(step, state);
    this.count('pending', 1);
    return state;
  }
  set(state: StepState, status: StepStatus): void {
    if (state.status === status) return;
    this.count(state.status, -1);
    state.status = status;
    this.count(status, 1);
  }
  clear(): void {
    this.states = new Map();
    for (const status of Object.keys(this.counts)) delete this.counts[status as StepStatus];
  }
  private count(status: StepStatus, by: number): void {
    const now = (this.counts[status] ?? 0) + by;
    if (now === 0) delete this.counts[status];
    else this.counts[status] = now;
  }
}
