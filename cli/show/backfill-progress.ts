/** A backfill for people: state and progress, the dead list, and at its end the report beside the estimate. */
import type { BackfillReport } from '../../api/backfills/finish-backfill.ts';
import type { DeadCell } from '../../api/backfills/control-backfill.ts';
import type { BackfillView } from '../client/client.ts';
import type { Output } from '../output.ts';
import { table } from './table.ts';
import { duration } from './time.ts';

const MOST_DEAD = 20;

export function progressLine(output: Output, backfill: BackfillView): string {
  const { counts, cells, state } = backfill;
  const ended = counts.done + counts.failed + counts.blocked + counts.cancelled;
  const parts = [
    `${ended} of ${cells} cells`,
    ...Object.entries(counts).flatMap(([status, count]) => (count > 0 ? [`${count} ${status}`] : [])),
    ...(backfill.startedAt === null ? [] : [duration((backfill.endedAt ?? Date.now()) - backfill.startedAt)]),
  ];
  return `${backfill.id}  ${backfill.pipeline}  ${output.style(styleOf(state), state)}  ${parts.join(', ')}${backfill.why === null ? '' : `: ${backfill.why}`}`;
}
const styleOf = (state: BackfillView['state']): 'green' | 'yellow' | 'red' | 'cyan' | 'dim' =>
  state === 'done' ? 'green' : state === 'running' ? 'cyan' : state === 'planned' || state === 'expired' ? 'dim' : state === 'paused' ? 'yellow' : 'red';

export function showBackfill(output: Output, backfill: BackfillView, dead: readonly DeadCell[]): void {
  output.line(progressLine(output, backfill));
  const report = backfill.report as unknown as BackfillReport | null; // as the server wrote it
  if (report) {
    const { estimate } = report;
    const slots = Object.entries(report.slotMs).map(([place, ms]) => `${(ms / 3_600_000).toFixed(2)} h of ${place}`);
    output.line(
      `  took ${duration(report.wallMs)}${estimate ? ` (estimated ${duration(estimate.wallMs.middle)})` : ''}${slots.length > 0 ? `, ${slots.join(', ')}` : ''}`,
    );
    output.line(
      report.gapCount === 0
        ? '  the store has all that is said to be done'
        : `  ${output.style('red', `${report.gapCount} gaps`)}: said to be done, and not good in the store`,
    );
    for (const gap of report.gaps.slice(0, MOST_DEAD)) output.line(`    ${gap.pipeline} ${gap.key}: ${gap.why}`);
    for (const effect of report.downstream) output.line(`  stale behind it: ${effect.partitions} of ${effect.dataset} (${effect.pipeline})`);
  }
  if (dead.length === 0) return;
  output.line(
    table(
      output,
      ['PIPELINE', 'PARTITION', 'STATE', 'CLASS', 'FIRST ERROR', 'RUN'],
      dead
        .slice(0, MOST_DEAD)
        .map((cell) => [
          cell.pipeline,
          cell.key,
          cell.status,
          cell.failure?.class ?? '',
          cell.failure?.message.split('\n', 1)[0]?.slice(0, 120) ?? '',
          cell.runId ?? '',
        ]),
    ),
  );
  if (dead.length > MOST_DEAD) output.line(`  and ${dead.length - MOST_DEAD} more: --json has them`);
  if (backfill.state === 'done' || backfill.state === 'cancelled') output.note(`again, those only: heddle backfill redo ${backfill.id}`);
}
