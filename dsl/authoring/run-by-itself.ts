/** task.run(): an author's code in a unit test, with validation and a context that says what it lacks. */
import type { z } from 'zod';
import { HeddleError } from '../errors/heddle-error.ts';
import type { TaskContext } from './context.ts';
import type { TaskValue } from './values.ts';

export const runByItself =
  (task: TaskValue) =>
  async (input: unknown, ctx: Partial<TaskContext> = {}): Promise<unknown> => {
    if (!task.run) {
      throw new HeddleError('HDL-NO-CODE', { what: `Task ${task.name} has no code in TypeScript to run.`, where: task.place ?? undefined });
    }
    const given = await parsed('HDL-TASK-INPUT', 'input', task, task.input, input);
    const result = await task.run(given, contextOf(task, ctx));
    // a task without an output schema returns nothing: null in JSON
    return parsed('HDL-TASK-OUTPUT', 'output', task, task.output, result ?? null);
  };

async function parsed(code: 'HDL-TASK-INPUT' | 'HDL-TASK-OUTPUT', side: string, task: TaskValue, schema: z.ZodType, value: unknown): Promise<unknown> {
  const result = await schema.safeParseAsync(value);
  if (result.success) return result.data;
  const issues = result.error.issues.map((issue) => `${[side, ...issue.path].join('.')}: ${issue.message}`);
  throw new HeddleError(code, { what: `The ${side} of task ${task.name} does not fit its schema. ${issues.join('; ')}.`, where: task.place ?? undefined });
}

function contextOf(task: TaskValue, given: Partial<TaskContext>): TaskContext {
  const lacks = (part: string) => (): never => {
    throw new HeddleError('HDL-NO-FAKE', {
      what: `Task ${task.name} used ctx.${part}, and the test gave none.`,
      fix: `Give it: task.run(input, { ${part.split('.')[0]}: ... }), or use runPipeline of heddle/testing.`,
    });
  };
  const quiet = (): void => undefined;
  let saved: unknown = null;
  const files = new Map<string, Uint8Array | string>();
  const base: TaskContext = {
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    progress: quiet,
    checkpoint: {
      get folder(): string {
        return lacks('checkpoint.folder')();
      },
      load: async <T>() => saved as T | null,
      save: async (value) => void (saved = value),
    },
    artifact: async (name, content) => {
      if (typeof content !== 'string' && !(content instanceof Uint8Array)) return lacks('artifact')();
      files.set(`memory:${name}`, content);
      return { uri: `memory:${name}`, digest: `memory:${name}`, bytes: content.length };
    },
    readArtifact: async (from) => {
      const content = files.get(typeof from === 'string' ? from : from.uri);
      return content instanceof Uint8Array ? content : lacks('readArtifact')();
    },
    source: quiet,
    track: { params: quiet, metric: quiet, artifact: quiet },
    items: lacks('items'),
    readItems: lacks('readItems'),
    secret: lacks('secret'),
    signal: { aborted: false, reason: undefined, throwIfAborted: quiet, addEventListener: quiet, removeEventListener: quiet } as never, // fits the caller's AbortSignal as far as tasks use it
    attempt: 1,
    runId: 'test-run',
    step: task.name,
    partition: null,
    get into(): unknown {
      return lacks('into')();
    },
    idempotencyKey: `test-run/${task.name}`,
    read: lacks('read'),
    readRows: lacks('readRows'),
    files: lacks('files'),
    write: lacks('write'),
  };
  return Object.defineProperties(base, Object.getOwnPropertyDescriptors(given)) as TaskContext; // getters stay getters
}
