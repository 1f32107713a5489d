/**
 * Records the histories of the reference runs with the present interpreter, as <name>.json beside this file:
 *   node --conditions=heddle-source test/histories/record.ts [NAME...]
 * Do so when the interpreter does something new. Those that are there stay: they are what older interpreters did, and each
 * new one must replay them (test/workflows/replay.test.ts). A name that is taken gets the next number.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import proto from '@temporalio/proto'; // CommonJS: it has no named exports for Node
import { Kit } from '../workflows/kit.ts';
import { referenceRuns } from '../workflows/reference-runs.ts';
import { forever } from '../workflows/step-fakes.ts';

const wanted = process.argv.slice(2);
const folder = fileURLToPath(new URL('.', import.meta.url));

const kit = await Kit.start();
kit.on('hang', forever);
try {
  for (const reference of referenceRuns) {
    if (wanted.length > 0 && !wanted.includes(reference.name)) continue;
    const { run } = await reference.start(kit);
    await write(reference.name, run.handle.workflowId);
    if (reference.name === 'continued')
      await write('continued-first', run.handle.workflowId, (run.handle as WorkflowHandleWithFirstExecutionRunId).firstExecutionRunId); // the kit started it
    if (reference.name === 'long') await write('long-step', `${run.handle.workflowId}/until-told`);
    if (reference.name === 'list') await write('list-chunk', `${run.handle.workflowId}/m[0..1]`);
  }
} finally {
  await kit.stop();
}

async function write(name: string, workflowId: string, executionId?: string): Promise<void> {
  let file = `${folder}${name}.json`;
  for (let n = 2; existsSync(file); n++) file = `${folder}${name}-${n}.json`;
  const history = await kit.client.workflow.getHandle(workflowId, executionId).fetchHistory();
  // Plain JSON of the protocol: longs as numbers, bytes as base64.
  const json: unknown = proto.temporal.api.history.v1.History.toObject(proto.temporal.api.history.v1.History.fromObject(history), {
    longs: Number,
    bytes: String,
    enums: Number,
  });
  // stack traces name the folder of this checkout: no path of a machine goes into a file
  writeFileSync(file, `${JSON.stringify(json).replaceAll(join(import.meta.dirname, '../..'), '/heddle')}\n`);
  process.stdout.write(`${file}: ${history.events?.length ?? 0} events\n`);
}
