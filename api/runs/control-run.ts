/** Pause, resume, answers and events: messages to the workflow of a running run, written down as who did what. Server only. */
import { WorkflowNotFoundError } from '@temporalio/common';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import { addAudit } from '../../catalog/audit.ts';
import { getPlan } from '../../catalog/plans.ts';
import { setPlanHash, setRunStatus, type RunRow } from '../../catalog/runs.ts';
import { getWait, removeWait } from '../../catalog/waits.ts';
import { messages, type ControlAnswer, type ControlMessage } from '../../dsl/contract/run.ts';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import { registry, type ErrorCode } from '../../dsl/errors/registry.ts';
import type { Json } from '../../dsl/plan/types.ts';
import { hasRole, type Identity } from '../auth/tokens.ts';
import type { ServerParts } from '../server-parts.ts';
import { refuseInPage } from '../backfills/in-page.ts';
import { firstProblem } from './check-params.ts';
import { isOver } from './run-detail.ts';
import { isUnavailable } from './start-workflow.ts';
import { planOf } from './start-run.ts';

export async function pauseRun(parts: ServerParts, who: Identity, run: RunRow): Promise<void> {
  await send(parts, run, { kind: 'pause', by: who.name });
  await setRunStatus(parts.catalog.db, run.runId, 'paused', Date.now());
  await audit(parts, who, 'pause', run, null);
}

/** `repin` moves the unfinished steps to a newer plan of the same pipeline. */
export async function resumeRun(parts: ServerParts, who: Identity, run: RunRow, repin: string | undefined): Promise<void> {
  const plan = repin === undefined ? undefined : await planOf(parts, run.pipeline, repin);
  await send(parts, run, { kind: 'resume', by: who.name, ...(plan && repin !== undefined && { repin: { planHash: repin, skeleton: plan.skeleton } }) });
  if (repin !== undefined) await setPlanHash(parts.catalog.db, run.runId, repin);
  await setRunStatus(parts.catalog.db, run.runId, 'running', Date.now());
  await audit(parts, who, 'resume', run, { repin: repin ?? null, before: run.planHash });
}

/** Who may answer: the roles or names in the gate's `from`, or an admin. Throws HDL-FORBIDDEN, HDL-NO-STEP. */
export async function answerGate(
  parts: ServerParts,
  who: Identity,
  run: RunRow,
  answer: { readonly step: string; readonly approved: boolean; readonly note?: string | undefined },
): Promise<void> {
  if (isOver(run)) throw ended(run);
  const wait = await getWait(parts.catalog.db, run.runId, answer.step);
  if (!wait || wait.on.kind !== 'gate')
    throw new HeddleError('HDL-NO-STEP', {
      what: `Run ${run.runId} has no open approval "${answer.step}".`,
      fix: 'List the open ones: GET /approvals, or heddle show RUN.',
    });
  const { from } = wait.on;
  if (!hasRole(who, 'admin') && !from.includes(who.name) && !who.roles.some((role) => from.includes(role))) {
    throw new HeddleError('HDL-FORBIDDEN', {
      what: `"${answer.step}" may be answered by ${from.join(', ')}; the token "${who.name}" has ${who.roles.join(', ') || 'no role'}.`,
      where: `run ${run.runId}`,
    });
  }
  const message: ControlMessage = {
    kind: 'answer',
    step: answer.step,
    approved: answer.approved,
    by: who.name,
    roles: who.roles,
    note: answer.note ?? null,
    at: Date.now(),
  };
  // In a page of a list map it is the page's workflow that waits.
  await send(parts, run, message, wait.workflowId);
  await removeWait(parts.catalog.db, run.runId, answer.step);
  await audit(parts, who, answer.approved ? 'approve' : 'reject', run, { step: answer.step, note: answer.note ?? null });
}

/** An outside event, checked against the schema that the pipeline declares for it. Throws HDL-BAD-REQUEST. */
export async function sendEvent(parts: ServerParts, who: Identity, run: RunRow, event: string, payload: Json): Promise<void> {
  if (isOver(run)) throw ended(run);
  const plan = await getPlan(parts.catalog.db, run.planHash);
  const schema = plan?.contracts.events[event];
  if (schema === undefined) {
    const known = Object.keys(plan?.contracts.events ?? {});
    throw new HeddleError('HDL-BAD-REQUEST', {
      what: `${run.pipeline} waits for no event "${event}".`,
      where: `run ${run.runId}`,
      fix: known.length > 0 ? `Its events: ${known.join(', ')}.` : 'The pipeline waits for no events.',
    });
  }
  const problem = firstProblem(schema, structuredClone(payload));
  if (problem) throw new HeddleError('HDL-BAD-REQUEST', { what: `The payload of event "${event}" does not fit: ${problem}.`, where: `run ${run.runId}` });
  await send(parts, run, { kind: 'event', event, payload, by: who.name });
  await audit(parts, who, 'event', run, { event });
}

const ended = (run: RunRow): HeddleError =>
  new HeddleError('HDL-RUN-ENDED', { what: `Run ${run.runId} is over: ${run.status}.`, where: `pipeline ${run.pipeline}` });

/** Throws HDL-RUN-ENDED, HDL-RUN-UNREACHABLE, or the code that the interpreter gave. */
async function send(parts: ServerParts, run: RunRow, message: ControlMessage, workflowId = run.workflowId): Promise<void> {
  if (isOver(run)) throw ended(run);
  refuseInPage(run, 'steered');
  let answer: ControlAnswer;
  try {
    const handle = parts.temporal.workflow.getHandle(workflowId);
    answer = await parts.temporal.withDeadline(Date.now() + 10_000, () =>
      handle.executeUpdate<ControlAnswer, [ControlMessage]>(messages.control, { args: [message] }),
    );
  } catch (error) {
    if (error instanceof WorkflowNotFoundError && run.status !== 'starting') throw ended(run);
    if (error instanceof WorkflowNotFoundError || isUnavailable(error)) {
      throw new HeddleError('HDL-RUN-UNREACHABLE', {
        what: `The workflow of run ${run.runId} did not take "${message.kind}" within 10 s.`,
        where: `workflow ${workflowId}`,
        cause: error,
      });
    }
    if (error instanceof WorkflowUpdateFailedError)
      throw new HeddleError('HDL-CONTROL-REFUSED', {
        what: `Run ${run.runId} refused "${message.kind}": ${error.cause?.message ?? error.message}.`,
        cause: error,
      });
    throw error;
  }
  if (answer.ok) return;
  const known = answer.code in registry;
  throw new HeddleError(known ? (answer.code as ErrorCode) : 'HDL-CONTROL-REFUSED', { what: answer.why, where: `run ${run.runId}` }); // looked up in the registry the line before
}

async function audit(parts: ServerParts, who: Identity, action: string, run: RunRow, detail: Json): Promise<void> {
  await addAudit(parts.catalog.db, { project: run.project, at: Date.now(), who: who.name, action, target: run.runId, detail });
}
