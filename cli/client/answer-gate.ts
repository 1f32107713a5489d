/** Answers an open approval of a run. The step may be left out where only one is open. */
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import type { CommandContext } from '../command-context.ts';
import { findRun } from './find-run.ts';

/** Throws HDL-NO-STEP where there is no open approval, or several and none was named. */
export async function answerGate(
  { output, client: connect }: CommandContext,
  approved: boolean,
  run: string,
  step: string | undefined,
  note: string | undefined,
): Promise<void> {
  const client = await connect();
  const runId = await findRun(client, run);
  let gate = step;
  if (gate === undefined) {
    const open = (await client.approvals()).items.filter((item) => item.runId === runId);
    if (open.length !== 1)
      throw new HeddleError('HDL-NO-STEP', {
        what:
          open.length === 0
            ? `Run ${runId} waits for no approval.`
            : `Run ${runId} waits for ${open.length} approvals: ${open.map((item) => item.step).join(', ')}.`,
        fix: open.length === 0 ? undefined : 'Name the step.',
      });
    gate = open[0]?.step ?? '';
  }
  const summary = await client.answer(runId, { step: gate, approved, ...(note !== undefined && { note }) });
  output.document(summary);
  output.line(`${gate} of run ${runId} is ${approved ? 'approved' : 'rejected'}`);
}
