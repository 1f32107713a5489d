/** Input and output of a step against the task's own schemas and the limits. Failures name the JSON path. Pure. */
import type { TaskValue } from '../../dsl/authoring/values.ts';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import { OUTPUT_BYTES, type StepCall } from '../../dsl/contract/step.ts';
import type { Json } from '../../dsl/plan/types.ts';

/** The value as the schema gives it (defaults applied). Throws HDL-TASK-INPUT or HDL-TASK-OUTPUT. */
export async function checkShape(side: 'input' | 'output', task: TaskValue, value: unknown, call: StepCall): Promise<unknown> {
  const result = await task[side].safeParseAsync(value);
  if (result.success) return result.data;
  const shown = result.error.issues.slice(0, 10).map((issue) => `${pathText(side, issue.path)}: ${issue.message}`);
  const more = result.error.issues.length - shown.length;
  throw new HeddleError(side === 'input' ? 'HDL-TASK-INPUT' : 'HDL-TASK-OUTPUT', {
    what: `The ${side} of ${task.name} ${task.version} does not fit its schema. ${shown.join('; ')}${more > 0 ? `; and ${more} more` : ''}.`,
    where: `${call.pipeline}, step ${call.step}`,
    ...(side === 'output' && { why: 'What a step gives must fit what others were promised. It is not tried again.' }),
  });
}

/** output.rows[3].id */
function pathText(side: string, path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => (typeof part === 'number' ? `${text}[${part}]` : `${text}.${String(part)}`), side);
}

/** JSON of the value, and its size. Throws HDL-INPUT-TOO-LARGE or HDL-OUTPUT-TOO-LARGE above 64 KiB. */
export function checkSize(side: 'input' | 'output', value: Json, call: StepCall): { readonly text: string; readonly bytes: number } {
  const text = JSON.stringify(value);
  const bytes = Buffer.byteLength(text);
  if (bytes > OUTPUT_BYTES) {
    throw new HeddleError(side === 'input' ? 'HDL-INPUT-TOO-LARGE' : 'HDL-OUTPUT-TOO-LARGE', {
      what: `The ${side} of step ${call.step} has ${Math.ceil(bytes / 1024)} KiB of JSON; at most ${OUTPUT_BYTES / 1024} KiB may cross between steps.${largestPart(side, value)}`,
      where: `${call.pipeline}, task ${call.task} ${call.version}`,
    });
  }
  return { text, bytes };
}

function largestPart(side: string, value: Json): string {
  if (value === null || typeof value !== 'object') return '';
  const sizes = Object.entries(value)
    .map(([key, part]) => [key, Buffer.byteLength(JSON.stringify(part as Json))] as const)
    .sort((a, b) => b[1] - a[1]);
  const [first] = sizes;
  return first ? ` The largest part is ${pathText(side, [Array.isArray(value) ? Number(first[0]) : first[0]])}, ${Math.ceil(first[1] / 1024)} KiB.` : '';
}
