/** /runs/{runId}/...: cancel, pause, resume, retry, answers and events. Each is written down as who did what. */
import type { z } from '@hono/zod-openapi';
import { summaryOf, type RunRow } from '../../catalog/runs.ts';
import type { Identity, Role } from '../auth/tokens.ts';
import { addEndpoint, type Api } from '../endpoint.ts';
import { cancelRun } from '../runs/cancel-run.ts';
import { answerGate, pauseRun, resumeRun, sendEvent } from '../runs/control-run.ts';
import { retryRun } from '../runs/retry-run.ts';
import { requireRun } from '../runs/run-detail.ts';
import { answerSchema, cancelSchema, eventSchema, pauseSchema, resumeSchema, retrySchema, runSummarySchema } from '../schemas/runs.ts';
import type { ServerParts } from '../server-parts.ts';

export function addRunControlRoutes(app: Api, parts: ServerParts): void {
  const control = <B extends z.ZodType>(
    verb: string,
    role: Role,
    summary: string,
    body: B,
    act: (who: Identity, run: RunRow, body: z.output<B>) => Promise<void>,
  ): void =>
    addEndpoint(app, { method: 'post', path: `/runs/{runId}/${verb}`, role, summary, body, answer: runSummarySchema }, async ({ who, at, body: given }) => {
      const run = await requireRun(parts, at('runId'));
      await act(who, run, given);
      return summaryOf(await requireRun(parts, run.runId));
    });
  control('cancel', 'operator', 'Cancel a run; force terminates it', cancelSchema, (who, run, body) => cancelRun(parts, who, run, body));
  control('pause', 'operator', 'Start nothing new', pauseSchema, (who, run) => pauseRun(parts, who, run));
  control('resume', 'operator', 'Go on; repin moves what is unfinished to a newer plan', resumeSchema, (who, run, body) =>
    resumeRun(parts, who, run, body.repin),
  );
  control('retry', 'operator', 'Run again what failed and what follows', retrySchema, (who, run, body) => retryRun(parts, who, run, body.planHash));
  // The gate's own `from` says who may answer, so a viewer whom it names may.
  control('answer', 'viewer', 'Answer an approval', answerSchema, (who, run, body) =>
    answerGate(parts, who, run, { step: body.step, approved: body.approved, note: body.note ?? undefined }),
  );
  control('events', 'operator', 'Send an outside event to a run', eventSchema, (who, run, body) => sendEvent(parts, who, run, body.event, body.payload));
}
