/** The plan of a backfill for people: ranges with their reasons, counts, what becomes stale, the estimate. */
import type { BackfillSummary } from '../../api/backfills/plan-backfill.ts';
import type { Spread } from '../../api/backfills/estimate.ts';
import type { BackfillView } from '../client/client.ts';
import type { Output } from '../output.ts';
import { doText, leaveText } from './reason-text.ts';
import { sizeText } from './size-text.ts';
import { table } from './table.ts';
import { duration } from './time.ts';

const MOST_LINES = 40;

export function showBackfillPlan(output: Output, backfill: BackfillView): void {
  const summary = backfill.summary as unknown as BackfillSummary; // as the server made it
  for (const { pipeline, cells, do: chosen, counts, ranges, more } of summary.pipelines) {
    output.line(`${output.style('bold', pipeline)}  ${cells} ${cells === 1 ? 'partition' : 'partitions'}, ${chosen} to run`);
    const rows = ranges.map((range) => [
      range.do ? output.style('yellow', 'run') : output.style('dim', 'leave'),
      range.from === range.to ? range.from : `${range.from} .. ${range.to}`,
      String(range.count),
      range.do ? doText(range.do) : range.leave ? leaveText(range.leave) : '',
    ]);
    output.line(table(output, ['', 'PARTITIONS', 'COUNT', 'WHY'], rows.slice(0, MOST_LINES)));
    const hidden = rows.length - MOST_LINES + more;
    if (hidden > 0) output.line(`  and ${hidden} more ranges: --json has them`);
    output.line(
      `  ${Object.entries(counts)
        .map(([why, count]) => `${count} ${why}`)
        .join(', ')}`,
    );
  }
  for (const [dataset, paths] of Object.entries(summary.damaged))
    output.note(
      `${dataset}: ${paths.length} ${paths.length === 1 ? 'partition has' : 'partitions have'} an edited or lost manifest and count as missing: ${paths.slice(0, 3).join(', ')}`,
    );
  for (const name of summary.loose) output.note(`${name} is read or published by keys known only at run time: the plan does not judge by it`);
  for (const effect of summary.downstream)
    output.line(
      `stale behind it: ${effect.partitions} of ${effect.dataset} (${effect.pipeline}), ${effect.first}${effect.first === effect.last ? '' : ` .. ${effect.last}`}`,
    );
  const { estimate } = summary;
  if (backfill.cells > 0) {
    output.line(
      estimate
        ? `estimate: ${estimate.runs} runs, ${times(estimate.wallMs)} wall time, ${hours(estimate.slotMs)}, ${sizeText(estimate.bytes.middle)}; from ${estimate.from}`
        : 'estimate: none, since a pipeline of it has no run that is done',
    );
    output.note(`plan ${backfill.id}; nothing was started: heddle backfill start ${backfill.id}`);
  } else output.note(`plan ${backfill.id}: nothing to run`);
}

const times = ({ low, middle, high }: Spread): string => `${duration(middle)} (${duration(low)} to ${duration(high)})`;
const hours = (slots: Readonly<Record<string, Spread>>): string =>
  Object.entries(slots)
    .map(([place, { middle }]) => `${(middle / 3_600_000).toFixed(2)} h of ${place}`)
    .join(', ');
