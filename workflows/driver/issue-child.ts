/** Steps that are workflows of their own: a called pipeline, a started one, a hand-written Temporal workflow. Sandbox. */
import { executeChild, ParentClosePolicy } from '@temporalio/workflow';
import type { Json } from '../../dsl/plan/types.ts';
import { workflowIdOf, type RunInput } from '../../dsl/contract/run.ts';
import type { PrepareChildCall } from '../../dsl/contract/control.ts';
import { OUTPUT_BYTES } from '../../dsl/contract/step.ts';
import { roughBytes } from '../scheduler/evaluate.ts';
import type { Command } from '../scheduler/messages.ts';
import { controlCall } from './control-call.ts';
import type { Driver } from './driver.ts';
import { failure } from './failure-of.ts';
import type { StepLog } from './journal.ts';
import { startedAsLong } from './long-steps.ts';
import { attributesOf } from './search-attributes.ts';
import { shortId, summaryOf, utf8Bytes } from './short-names.ts';

type PipelineCommand = Extract<Command, { type: 'pipeline' }>;
type WorkflowCommand = Extract<Command, { type: 'workflow' }>;

export function issueChild(driver: Driver, command: PipelineCommand | WorkflowCommand, log: StepLog): void {
  if (driver.children.adopt(log)) return;
  const given = command.type === 'pipeline' ? command.params : command.input;
  if (roughBytes(given) > OUTPUT_BYTES && utf8Bytes(JSON.stringify(given)) > OUTPUT_BYTES) {
    driver.fail(
      log,
      failure(
        'data',
        'HDL-INPUT-TOO-LARGE',
        `what ${log.step} is called with is larger than ${OUTPUT_BYTES} bytes: pass large data by ctx.artifact or ctx.items`,
      ),
    );
    return;
  }
  if (startedAsLong(driver, command, log)) return;
  const result =
    command.type === 'workflow' ? runWorkflow(driver, command) : command.mode === 'call' ? callPipeline(driver, command) : startPipeline(driver, command);
  result.then(
    (output) => {
      driver.settle(log, { type: 'done', step: log.step, output: output ?? null });
    },
    (error: unknown) => {
      driver.failWith(log, error);
    },
  );
}

async function callPipeline(driver: Driver, command: PipelineCommand): Promise<Json> {
  const input = await controlCall(driver.context.project, 'heddle.prepare_child', prepare(driver, command), {
    activityId: shortId(`${command.step}:prepare`),
    summary: summaryOf(`prepare ${command.pipeline}`),
  });
  const { givenLimits } = driver.context;
  const args: [RunInput] = [Object.keys(givenLimits).length > 0 ? { ...input, limits: givenLimits } : input];
  return executeChild<(input: RunInput) => Promise<Json>>(command.pipeline, {
    workflowId: input.workflowId ?? shortId(workflowIdOf(input.project, input.pipeline, input.partition?.key ?? null, input.runId)),
    args,
    parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
    typedSearchAttributes: attributesOf(input),
    // By it the reconciler tells this workflow from that of the try before.
    ...(input.retryOf !== undefined && { memo: { heddleRetry: input.retryOf } }),
    staticSummary: summaryOf(`${command.pipeline}${input.partition ? ` ${input.partition.key}` : ''}, called by ${command.step}`),
  });
}

async function startPipeline(driver: Driver, command: PipelineCommand): Promise<Json> {
  const { runId } = await controlCall(driver.context.project, 'heddle.start_child', prepare(driver, command), {
    activityId: shortId(command.step),
    summary: summaryOf(`start ${command.pipeline}`),
  });
  return { runId };
}

const prepare = ({ context: run }: Driver, command: PipelineCommand): PrepareChildCall => ({
  project: run.project,
  parent: { runId: run.runId, step: command.step, pipeline: run.pipeline },
  pipeline: command.pipeline,
  planHash: command.planHash,
  params: command.params,
  partition: command.partition,
});

function runWorkflow(driver: Driver, command: WorkflowCommand): Promise<Json> {
  return executeChild<(input: Json) => Promise<Json>>(command.workflowType, {
    // A long step's own workflow has the id that is made of the step's path.
    workflowId: shortId(`${driver.context.workflowId}/${driver.context.role === 'long' ? 'own' : command.step}`),
    taskQueue: command.queue,
    args: [command.input],
    parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
    ...(command.timeoutMs !== null && { workflowExecutionTimeout: command.timeoutMs }),
    staticSummary: summaryOf(command.step),
  });
}
