/** The training step as a worker runs it: killed in the middle of an epoch, it goes on from its checkpoint to the same files. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { encodeTrainingSet } from '../../activities/training/training-set.ts';
import { trainOne } from '../../pipelines/train/trials.ts';
import { sampleSet } from '../training/sample-set.ts';

const set = sampleSet(9_000, 1);
const file = { uri: 'memory:set', digest: 'sha256:set', bytes: 1 };
const at = (row: number): number => set.at[row]!;
const data = { file, features: 'sha256:features', rows: set.rows, from: at(0), validation: at(6_000), test: at(8_000), end: at(8_999) + 1 };
const input = { data, point: { hidden: 4, rate: 0.01 }, seed: 3 };

/** Runs the step; throws as a kill would after `dieAfter` checkpoints. `disk` outlives it. */
async function attempt(disk: { checkpoint: string | null; files: Map<string, string> }, dieAfter = Infinity) {
  let saves = 0;
  return trainOne.run(input, {
    readArtifact: async () => encodeTrainingSet(set),
    artifact: async (name, content) => {
      const bytes = typeof content === 'string' ? content : Buffer.from(content as Uint8Array).toString('base64');
      disk.files.set(name, bytes);
      return { uri: `memory:${name}`, digest: `sha256:${name}`, bytes: bytes.length };
    },
    checkpoint: {
      folder: '',
      load: async <T>() => JSON.parse(disk.checkpoint ?? 'null') as T | null,
      save: async (value) => {
        disk.checkpoint = JSON.stringify(value);
        if (++saves >= dieAfter) throw new Error('killed');
      },
    },
  });
}
const disk = () => ({ checkpoint: null, files: new Map<string, string>() });

afterEach(() => {
  vi.restoreAllMocks();
});

describe('a training step', () => {
  it('that is killed after each of its checkpoints writes the same model and the same meta.json', async () => {
    // a checkpoint falls due every two seconds: here after some batches
    let clock = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => (clock += 600));
    const whole = disk();
    const trial = await attempt(whole);
    const killed = disk();
    let deaths = 0;
    for (;;) {
      try {
        expect(await attempt(killed, 1)).toEqual(trial);
        break;
      } catch (error) {
        expect((error as Error).message).toBe('killed');
        deaths++;
      }
    }
    expect(deaths).toBeGreaterThan(1);
    expect(killed.files).toEqual(whole.files);
    expect([...whole.files.keys()]).toEqual(['model/model.onnx', 'model/meta.json']);
  });

  it('names the model by its folder, for registering', async () => {
    const { model } = await attempt(disk());
    expect(model).toMatchObject({ name: 'flights.delay', uri: 'memory:model', digest: 'sha256:model/model.onnx' });
  });
});
