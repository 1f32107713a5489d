/** The process of an isolated step: loads the project, runs one attempt through runStep, tells its worker, ends. Forked by isolated-step.ts. */
import { join } from 'node:path';
import { configureCaches } from '../activities/cache/configured-caches.ts';
import { openAttemptLog } from '../activities/step/attempt-log.ts';
import { runStep } from '../activities/step/run-step.ts';
import { StepCancelled, StepError, StepInterrupted } from '../activities/step/step-error.ts';
import { logUri } from '../activities/step/step-folder.ts';
import { attemptFile } from '../storage/attempt-file.ts';
import { stepFolder } from '../storage/step-folder.ts';
import { loadProject } from '../compiler/load-project.ts';
import type { FromChild, ToChild } from './isolated-messages.ts';
import { workerSecrets } from './secrets.ts';
import { trackerOf } from './step-tracking.ts';
import { stepStorage } from './step-storage.ts';

const stop = new AbortController();
const tell = (message: FromChild): Promise<void> =>
  new Promise((resolve) => {
    process.send?.(message, () => {
      resolve();
    });
  });
process.on('SIGTERM', () => {
  stop.abort(new StepCancelled('SIGTERM'));
});
process.on('disconnect', () => {
  process.exit(1);
}); // the worker is gone: nobody wants the result
process.on('message', (message: ToChild) => {
  if (message.kind === 'stop') stop.abort(message.why === 'interrupted' ? new StepInterrupted(message.why) : new StepCancelled(message.why));
  else
    void run(message).finally(() => {
      process.exit(0);
    }); // the step is over, whatever it left open
});

async function run({ call, config, worker, attempt, lastCursor, codeDigest }: Extract<ToChild, { kind: 'run' }>): Promise<void> {
  const { retry = 0 } = call;
  configureCaches(config.caches);
  const { tasks } = await loadProject(config);
  const { files, data } = stepStorage(config);
  const secrets = workerSecrets();
  try {
    const result = await runStep(call, {
      worker,
      attempt,
      files,
      data,
      lastCursor,
      task: (name, version) => tasks.get(`${name}@${version}`)?.value,
      codeDigest: async () => codeDigest,
      knownDigest: () => codeDigest,
      heartbeat: (cursor) => void tell({ kind: 'heartbeat', cursor: cursor ?? null }),
      signal: stop.signal,
      openLog: () =>
        openAttemptLog({
          file: join(config.stateFolder, 'worker-logs', stepFolder(call.runId), stepFolder(call.step), attemptFile({ retry, attempt })),
          step: call.step,
          retry,
          attempt,
          redactor: secrets.redactor,
          push: (line) => void tell({ kind: 'event', event: { kind: 'log', runId: call.runId, line } }),
          upload: async (content) => {
            await files.write(logUri(call.runId, call.step, { retry, attempt }), content);
          },
        }),
      redactor: secrets.redactor,
      secret: (name) => secrets.get(name),
      commandEnv: {},
      projectFolder: config.folder,
      scratchFolder: join(config.stateFolder, 'scratch'),
      now: Date.now,
      ...(config.tracking && { tracker: trackerOf(call, files) }),
      push: (event) => void tell({ kind: 'event', event }),
    });
    await tell({ kind: 'done', result });
  } catch (error) {
    if (error instanceof StepError) await tell({ kind: 'failed', failure: error.failure });
    else if (error instanceof StepCancelled) await tell({ kind: 'stopped', why: 'cancelled' });
    else if (error instanceof StepInterrupted) await tell({ kind: 'stopped', why: 'interrupted' });
    else throw error;
  }
}
