/** The scorer behind its interface: models that fit and models that do not, batches, memory, and a main thread that stays free. */
import { setImmediate as turn, setTimeout as delayed } from 'node:timers/promises';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LocalScorer } from '../../activities/scoring/local-scorer.ts';
import { enormous, linear, oddModels } from './models.ts';

let scorer: LocalScorer;
beforeAll(() => {
  scorer = new LocalScorer({ threads: 2 });
});
afterAll(() => scorer.close());
const open = (digest: string, bytes: Uint8Array) => scorer.open(digest, async () => bytes);

describe('a model', () => {
  it('gives the scores of its rows, however many, in their order', async () => {
    const model = await open('linear', linear([2, -1]));
    expect(model).toMatchObject({ digest: 'linear', width: 2 });
    for (const rows of [0, 1, 5, 16_384, 100_003]) {
      const x = Float32Array.from({ length: rows * 2 }, (_, i) => Math.sin(i));
      const before = x.slice();
      const scores = await scorer.score(model, x, 2);
      expect(scores.length).toBe(rows);
      const wrong = scores.findIndex((score, i) => Math.abs(score - 1 / (1 + Math.exp(-(2 * x[2 * i]! - x[2 * i + 1]!)))) > 1e-6);
      expect(wrong).toBe(-1);
      expect(x).toEqual(before); // the caller's memory stays the caller's
    }
  });
  it('is loaded once a digest, also when many ask at once', async () => {
    let loads = 0;
    const load = async () => (loads++, linear([1]));
    const models = await Promise.all([scorer.open('once', load), scorer.open('once', load), scorer.open('once', load)]);
    expect(loads).toBe(1);
    expect(new Set(models).size).toBe(1);
  });
  it('stays usable after more models than a thread keeps open', async () => {
    const models = await Promise.all(Array.from({ length: 7 }, (_, i) => open(`many-${i}`, linear([i + 1]))));
    for (let round = 0; round < 2; round++) {
      for (const [i, model] of models.entries()) {
        const [score] = await scorer.score(model, Float32Array.of(1), 1);
        expect(score).toBeCloseTo(1 / (1 + Math.exp(-(i + 1))), 6);
      }
    }
  });

  it.each([
    ['HDL-ONNX-INVALID', 'no protobuf', Uint8Array.of(1, 2, 3), /no ONNX model/],
    ['HDL-ONNX-INVALID', 'nothing', new Uint8Array(0), /no ONNX model/],
    ['HDL-ONNX-INVALID', 'cut off', linear([1, 2, 3]).subarray(0, 60), /no ONNX model/],
    ['HDL-ONNX-OPERATOR', 'an operator that nobody has', oddModels.unknownOperator, /the operator FlightDelay/],
    ['HDL-MODEL-INPUT', 'two inputs', oddModels.twoInputs, /has 2 inputs: a, b/],
    ['HDL-MODEL-INPUT', 'doubles', oddModels.doubles, /takes float64 as x/],
    ['HDL-MODEL-INPUT', 'a fixed number of rows', oddModels.oneRow, /x of the shape \[1, 1\]/],
    ['HDL-MODEL-INPUT', 'three dimensions', oddModels.threeDimensions, /x of the shape \[n, 2, 2\]/],
    ['HDL-MODEL-INPUT', 'two outputs a row', oddModels.wide, /gives no output of one float a row: score/],
  ])('is refused with %s: %s', async (code, what, bytes, message) => {
    const failed = open(what, bytes);
    await expect(failed).rejects.toMatchObject({ code });
    await expect(failed).rejects.toThrow(message);
    await expect(open(what, linear([1]))).resolves.toMatchObject({ width: 1 }); // a mended file is tried anew
  });
  it('is refused for rows of another width', async () => {
    const model = await open('linear', linear([2, -1]));
    await expect(scorer.score(model, new Float32Array(9), 3)).rejects.toMatchObject({ code: 'HDL-MODEL-INPUT' });
  });
});

describe('a model that needs more memory than there is', () => {
  it('fails with a code after its batches were halved, and the thread goes on', async () => {
    const model = await open('enormous', enormous());
    await expect(scorer.score(model, new Float32Array(2_000), 1)).rejects.toMatchObject({
      code: 'HDL-SCORE-MEMORY',
      what: expect.stringMatching(/^Even 250 rows/),
    });
    const small = await open('after', linear([1]));
    expect((await scorer.score(small, Float32Array.of(0), 1))[0]).toBeCloseTo(0.5, 6);
  });
});

describe('the main thread', () => {
  it('is never kept for more than 50 ms while half a million rows are scored, and goes on beside it', async () => {
    const features = 11;
    const model = await open('wide', linear(Array.from({ length: features }, (_, i) => i / 10)));
    const x = Float32Array.from({ length: 500_000 * features }, () => 0.5);
    await scorer.score(model, x.subarray(0, features), features); // the model is in a thread
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    let longest = 0;
    let turns = 0;
    let done = false;
    const watch = (async () => {
      // what this thread itself computes between two turns: neighbours on the machine do not count
      for (let last = process.threadCpuUsage(); !done; turns++) {
        await turn();
        const now = process.threadCpuUsage();
        longest = Math.max(longest, (now.user + now.system - last.user - last.system) / 1000);
        last = now;
      }
    })();
    const scores = await scorer.score(model, x, features);
    done = true;
    await watch;
    delay.disable();
    expect(scores.length).toBe(500_000);
    expect(longest).toBeLessThan(50);
    expect(delay.percentile(50) / 1e6).toBeLessThan(50); // its maximum is the scheduler's on a busy machine
    expect(turns).toBeGreaterThan(31); // one for each batch at least
  });
  it('stops between batches when its step is cancelled', async () => {
    const model = await open('linear', linear([2, -1]));
    let batches = 0;
    const breathe = async () => {
      if (++batches === 2) throw new Error('cancelled');
    };
    await expect(scorer.score(model, new Float32Array(2 * 16_384 * 40), 2, breathe)).rejects.toThrow('cancelled');
    expect(batches).toBeLessThan(10);
  });
});

describe('a thread that ends for want of work', () => {
  it('takes no job with it, also when one comes at that moment', async () => {
    const short = new LocalScorer({ threads: 1, idleMs: 5 });
    try {
      const model = await short.open('linear', async () => linear([1]));
      for (let round = 0; round < 12; round++) {
        const [score] = await short.score(model, Float32Array.of(0), 1);
        expect(score).toBeCloseTo(0.5, 6);
        await delayed(3 + (round % 5)); // around the end of the thread
      }
    } finally {
      await short.close();
    }
  });
});

describe('a scorer that was closed', () => {
  it('says so to whoever still waits', async () => {
    const closing = new LocalScorer({ threads: 1 });
    const model = await closing.open('linear', async () => linear([1]));
    const waiting = closing.score(model, new Float32Array(16_384 * 30), 1);
    const outcome = expect(waiting).rejects.toThrow(/closed|ended/);
    await closing.close();
    await outcome;
  });
});
