/** One line for each change of a step, for pipes and files. Folded groups tell their counts now and then. */
import type { RunDetail } from '../../dsl/contract/api.ts';
import type { Output } from '../output.ts';
import { foldSteps, type StepRow } from './fold-steps.ts';
import { statusStyle } from './status-style.ts';
import { clock, duration } from './time.ts';

const FOLDED_EVERY_MS = 2_000;

export interface StepLines {
  update(run: RunDetail, last: boolean): void;
}

export function createStepLines(output: Output, say: (line: string) => void): StepLines {
  const told = new Map<string, { text: string; at: number; done: boolean }>();
  return {
    update(run, last) {
      const now = Date.now();
      for (const row of foldSteps(run.steps)) {
        const text = textOf(output, row);
        const known = told.get(row.step);
        // the live view knows less of a finished step than the record at the end: no news
        const done = row.count === 1 && row.steps[0]?.status === 'done';
        if (text === null || known?.text === text || (done && known?.done) || (row.count > 1 && !last && known && now - known.at < FOLDED_EVERY_MS)) continue;
        told.set(row.step, { text, at: now, done });
        const own = row.count === 1 ? (row.steps[0]?.endedAt ?? row.steps[0]?.startedAt) : null; // many steps: what they are now
        say(`${clock(own ?? now, now)}  ${row.step}  ${text}`);
      }
    },
  };
}

/** Null: nothing worth a line yet. */
function textOf(output: Output, { count, counts, steps }: StepRow): string | null {
  const [step] = steps;
  if (count > 1 || !step)
    return Object.entries(counts)
      .map(([status, number]) => `${number} ${status}`)
      .join(', ');
  if (step.status === 'pending') return null;
  const parts = [output.style(statusStyle(step.status), step.status)];
  if (step.status === 'waiting' && step.waitingFor) parts.push(`for ${step.waitingFor}`);
  if (step.attempts > 1) parts.push(`(attempt ${step.attempts})`);
  if (step.status === 'done' && step.startedAt !== null && step.endedAt !== null) parts.push(`in ${duration(step.runMs ?? step.endedAt - step.startedAt)}`);
  if (step.failure && step.status !== 'done') parts.push(`${step.failure.class}: ${step.failure.message.split('\n', 1)[0]}`);
  return parts.join(' ');
}
