/**
 * Runs a command task: a program in any language, in a process group of its own. Input and output are JSON files, stdout and
 * stderr go to the step's log, progress comes by lines, a cancel by SIGTERM. Runs on workers.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TaskValue } from '../../dsl/authoring/values.ts';
import type { StepCall } from '../../dsl/contract/step.ts';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import type { Json } from '../../dsl/plan/types.ts';
import { StepError, StepTimedOut } from '../step/step-error.ts';
import type { StepHost } from '../step/step-host.ts';
import type { StepContext } from '../step/task-context.ts';
import { commandFailure } from './command-exit.ts';
import { parseProgress } from './command-progress.ts';
import { noteGroup } from './process-groups.ts';
import { runProcess } from './run-process.ts';

/** Lines of stderr that a failure shows. */
const TAIL = 15;
/** Variables of the worker that are no program's business: secrets, tokens, addresses that hold a password. */
const WORKERS_OWN = /^HEDDLE_(SECRET_.*|SECRETS_FILE|TOKEN|TEMPORAL_API_KEY|CATALOG)$/;

export interface CommandRun {
  readonly call: StepCall;
  readonly task: TaskValue;
  readonly input: Json;
  readonly host: StepHost;
  readonly context: StepContext;
}

/** The output as the program wrote it; not yet validated. */
export async function runCommand({ call, task, input, host, context }: CommandRun): Promise<unknown> {
  const argv = task.command ?? [];
  const { ctx } = context;
  await mkdir(host.scratchFolder, { recursive: true });
  const folder = await mkdtemp(join(host.scratchFolder, 'command-'));
  try {
    const files = { input: join(folder, 'input.json'), output: join(folder, 'output.json') };
    await writeFile(files.input, JSON.stringify(input));
    const tail: string[] = [];
    const secrets: Record<string, string> = {};
    for (const name of task.secrets ?? []) secrets[name] = await ctx.secret(name); // HDL-NO-SECRET before anything is started
    const env = {
      ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !WORKERS_OWN.test(name))),
      ...host.commandEnv,
      ...secrets,
      HEDDLE_INPUT: files.input,
      HEDDLE_OUTPUT: files.output,
      HEDDLE_CHECKPOINT: ctx.checkpoint.folder,
      HEDDLE_RUN_ID: call.runId,
      HEDDLE_STEP: call.step,
      HEDDLE_ATTEMPT: String(host.attempt),
      HEDDLE_IDEMPOTENCY_KEY: ctx.idempotencyKey,
      HEDDLE_PARTITION: ctx.partition ?? '',
      PYTHONUNBUFFERED: '1',
    };
    const exit = await runProcess({
      argv,
      cwd: host.projectFolder,
      env,
      signal: ctx.signal as AbortSignal, // the authors' type differs by their lib
      // when its time is over it must be gone before the next attempt begins
      killAfterMs: (reason) => (reason instanceof StepTimedOut ? Math.min(800, call.timeoutMs * 0.04) : 10_000),
      onStart: (pid) => noteGroup(host.scratchFolder, pid),
      onStdout(line) {
        const progress = parseProgress(line);
        if (progress) ctx.progress(progress.done, progress.total, progress.note ?? undefined);
        else ctx.log.info(line);
      },
      onStderr(line) {
        tail.push(host.redactor.piece(line));
        if (tail.length > TAIL) tail.shift();
        ctx.log.warn(line);
      },
    });
    ctx.signal.throwIfAborted();
    const failure = commandFailure(call, argv, exit, tail);
    if (failure) throw new StepError({ ...failure, message: host.redactor.text(failure.message) });
    return await readOutput(call, argv, files.output);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function readOutput(call: StepCall, argv: readonly string[], file: string): Promise<unknown> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (text === null || text.trim() === '') return null; // no output: null, which fits a task without an output schema
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new HeddleError('HDL-COMMAND-OUTPUT', {
      what: `${argv.join(' ')} wrote no valid JSON to HEDDLE_OUTPUT: ${(error as Error).message}.`,
      where: `${call.pipeline}, step ${call.step}`,
    }); // JSON.parse throws errors
  }
}
