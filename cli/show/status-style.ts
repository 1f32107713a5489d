/** The colour of a state of a run or step. */
import type { RunStatus, StepStatus } from '../../dsl/contract/run.ts';
import type { Style } from '../output.ts';

const styles: Readonly<Record<RunStatus | StepStatus, Style>> = {
  done: 'green',
  failed: 'red',
  cancelled: 'magenta',
  abandoned: 'magenta',
  blocked: 'red',
  skipped: 'dim',
  pending: 'dim',
  running: 'cyan',
  publishing: 'cyan',
  queued: 'yellow',
  waiting: 'yellow',
  retrying: 'yellow',
  paused: 'yellow',
};
export const statusStyle = (status: string): Style => styles[status as RunStatus] ?? 'reset'; // a newer server may know more states
