/** The lines above and below a run's step table. */
import type { RunDetail, RunSummary } from '../../dsl/contract/api.ts';
import type { Output } from '../output.ts';
import { statusStyle } from './status-style.ts';
import { clock, duration } from './time.ts';

export function runHeader(output: Output, run: RunSummary, now = Date.now()): string {
  const took = run.startedAt === null ? '' : ` ${run.endedAt === null ? 'for' : 'in'} ${duration((run.endedAt ?? now) - run.startedAt)}`;
  const counts = Object.entries(run.counts)
    .filter(([, count]) => count > 0)
    .map(([status, count]) => `${count} ${status}`)
    .join(', ');
  return [
    `${output.style('bold', run.pipeline)}${run.partition === null ? '' : ` ${run.partition}`}  ${run.runId}  ${output.style(statusStyle(run.status), run.status)}${took}`,
    output.style(
      'dim',
      `started ${clock(run.createdAt, now)} by ${run.startedBy}${run.parent ? `, called by ${run.parent.runId} ${run.parent.step}` : ''}${counts === '' ? '' : `; ${counts}`}`,
    ),
  ].join('\n');
}

/** Failures in full, the output, and what to do next. */
export function runFooter(output: Output, run: RunDetail): string {
  const lines: string[] = [];
  for (const failure of run.failures.slice(0, 20)) {
    lines.push(
      '',
      `${output.style('red', failure.step)}  ${failure.class} ${failure.code}`,
      ...failure.message
        .split('\n')
        .slice(0, 12)
        .map((line) => `  ${line}`),
    );
  }
  if (run.failures.length > 20) lines.push('', `... and ${run.failures.length - 20} more failures: heddle show ${run.runId} --json`);
  if (run.status === 'done' && run.output !== null) {
    const text = JSON.stringify(run.output);
    lines.push('', `output: ${text.length > 2000 ? `${text.slice(0, 2000)}… (--json shows all)` : text}`);
  }
  const waiting = run.steps.find((step) => step.kind === 'gate' && step.status === 'waiting');
  if (waiting) lines.push('', `waits for an answer: heddle approve ${run.runId} ${waiting.step} (or reject)`);
  if (run.status === 'failed')
    lines.push('', `next: heddle logs ${run.runId} STEP, heddle explain ${run.runId} STEP; heddle retry ${run.runId} runs again what failed`);
  if (run.status === 'paused') lines.push('', `next: heddle resume ${run.runId} goes on (--repin with the present plan)`);
  return lines.join('\n');
}
