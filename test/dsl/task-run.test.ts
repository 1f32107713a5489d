import { describe, expect, it } from 'vitest';
import { command, modelHandle, modelOf, task, z } from 'heddle';
import { Clean, copy, Raw, say } from './tasks.ts';

const double = task({
  name: 'double',
  version: '1',
  input: z.object({ n: z.int(), by: z.int().default(2) }),
  output: z.object({ n: z.int() }),
  async run({ n, by }, ctx) {
    ctx.log.info('doubling', { n });
    ctx.progress(1, 1);
    return { n: n * by };
  },
});

describe('task.run', () => {
  it("runs the author's code with defaults filled in", async () => {
    await expect(double.run({ n: 21 })).resolves.toEqual({ n: 42 });
  });
  it('refuses an input that does not fit, and names the path', async () => {
    await expect(double.run({ n: 1.5 })).rejects.toThrow(/^HDL-TASK-INPUT: The input of task double does not fit its schema\. input\.n: /);
  });
  it('refuses an output that does not fit, and names the path', async () => {
    const bad = task({ name: 'bad', version: '1', output: z.object({ deep: z.object({ n: z.int() }) }), run: async () => ({ deep: { n: 'x' as never } }) });
    await expect(bad.run({})).rejects.toThrow(/^HDL-TASK-OUTPUT: .* output\.deep\.n: /);
  });
  it('lets the code throw what it throws', async () => {
    const broken = task({
      name: 'broken',
      version: '1',
      run: async () => {
        throw new RangeError('mine');
      },
    });
    await expect(broken.run({})).rejects.toThrow(RangeError);
  });
  it('says which part of the context a test did not give', async () => {
    const reads = task({
      name: 'reads',
      version: '1',
      input: z.object({ k: z.string() }),
      async run({ k }, ctx) {
        await ctx.secret(k);
      },
    });
    await expect(reads.run({ k: 'x' })).rejects.toThrow(/^HDL-NO-FAKE: Task reads used ctx\.secret, and the test gave none\./);
    const writes = task({ name: 'writes', version: '1', output: Clean.slice, run: async (_, ctx) => ctx.write(Clean, []) });
    await expect(writes.run({})).rejects.toThrow(/HDL-NO-FAKE: Task writes used ctx\.write/);
    const into = task({
      name: 'into',
      version: '1',
      output: Clean.slice,
      async run(_, ctx) {
        return ctx.into as never;
      },
    });
    await expect(into.run({})).rejects.toThrow(/HDL-NO-FAKE: Task into used ctx\.into/);
  });
  it('takes fakes for those parts', async () => {
    const slow = task({
      name: 'slow',
      version: '1',
      output: z.object({ at: z.int(), secret: z.string() }),
      async run(_, ctx) {
        const at = (await ctx.checkpoint.load<number>()) ?? 0;
        await ctx.checkpoint.save(at + 1);
        return { at: (await ctx.checkpoint.load<number>()) ?? -1, secret: await ctx.secret('token') };
      },
    });
    await expect(slow.run({}, { secret: async (name) => `fake ${name}` })).resolves.toEqual({ at: 1, secret: 'fake token' });
  });
  it('keeps small artifacts in memory', async () => {
    const writes = task({
      name: 'writes',
      version: '1',
      output: z.object({ bytes: z.int() }),
      async run(_, ctx) {
        const made = await ctx.artifact('a.bin', new Uint8Array([1, 2, 3]));
        return { bytes: (await ctx.readArtifact(made)).length };
      },
    });
    await expect(writes.run({})).resolves.toEqual({ bytes: 3 });
  });
  it('of a task without code says so', async () => {
    const py = command({ name: 'py', version: '1', argv: ['python3', 'x.py'] });
    await expect(py.run({})).rejects.toThrow(/^HDL-NO-CODE/);
    await expect(say.run({ text: 'x' })).rejects.toThrow(/^HDL-NO-CODE/);
    expect([copy.taskName, Raw.name]).toEqual(['copy', 'raw']);
  });
  it('takes model handles that code has made', async () => {
    const train = task({
      name: 'train',
      version: '1',
      output: z.object({ model: modelOf('m') }),
      run: async () => ({ model: modelHandle({ name: 'm', version: 'c1', uri: 'memory:', digest: 'd' }) }),
    });
    await expect(train.run({})).resolves.toEqual({ model: { kind: 'model', name: 'm', version: 'c1', uri: 'memory:', digest: 'd' } });
  });
});
