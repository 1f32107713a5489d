/** Runs that have no workflow of their own: cells that a page of a backfill runs within its own. Server only. */
import type { RunRow } from '../../catalog/runs.ts';
import { backfillWorkflowId } from '../../dsl/contract/backfill.ts';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';

export const isInPage = ({ backfill, project, workflowId }: Pick<RunRow, 'backfill' | 'project' | 'workflowId'>): boolean =>
  backfill !== null && workflowId.startsWith(`${backfillWorkflowId(project, backfill)}/page/`);

/** What is asked of such a run would hit the whole page. Throws HDL-RUN-IN-BACKFILL. */
export function refuseInPage(run: RunRow, what: string): void {
  const { backfill } = run;
  if (backfill === null || !isInPage(run)) return;
  const isOver = run.status === 'failed' || run.status === 'cancelled';
  throw new HeddleError('HDL-RUN-IN-BACKFILL', {
    what: `Run ${run.runId} is a cell of backfill ${backfill} and has no workflow of its own: it cannot be ${what} by itself.`,
    where: `pipeline ${run.pipeline}, partition ${run.partition ?? ''}`,
    fix: isOver
      ? `heddle backfill redo ${backfill}, or this one alone: heddle run ${run.pipeline} --partition '${run.partition ?? ''}'`
      : `heddle backfill pause ${backfill}, or cancel it: heddle backfill cancel ${backfill}`,
  });
}
