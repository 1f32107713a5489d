/** Workflow id of a run, held below 200 bytes: SQL stores of Temporal allow 255, and children append to it. Server only. */
import { createHash } from 'node:crypto';
import { workflowIdOf } from '../../dsl/contract/run.ts';

export function workflowIdFor(project: string, pipeline: string, partition: string | null, runId: string): string {
  const id = workflowIdOf(project, pipeline, partition, runId);
  if (Buffer.byteLength(id) <= 200) return id;
  const hash = createHash('sha256').update(id).digest('hex').slice(0, 16);
  const tail = `~${hash}:${runId}`;
  let head = Buffer.from(id)
    .subarray(0, 200 - Buffer.byteLength(tail))
    .toString('utf8');
  while (head.endsWith('\uFFFD')) head = head.slice(0, -1); // a character was cut in the middle
  return head + tail;
}
