/** Candidate and champion are measured on the same rows, by their files. */
import { describe, expect, it } from 'vitest';
import { exportOnnx } from '../../activities/training/onnx-export.ts';
import { trainNetwork } from '../../activities/training/train-network.ts';
import { encodeTrainingSet } from '../../activities/training/training-set.ts';
import { modelHandle } from '../../dsl/index.ts';
import { evaluate, gate } from '../../pipelines/train/evaluate.ts';
import { sampleSet } from '../training/sample-set.ts';

const set = sampleSet(6_000, 1);
const at = (row: number): number => set.at[row]!;
const file = { uri: 'memory:set', digest: 'set', bytes: 1 };
const data = { file, features: 'f', rows: set.rows, from: at(0), validation: at(3_000), test: at(4_000), end: at(5_999) + 1 };
const handle = (name: string) => modelHandle({ name: 'flights.delay', version: name, uri: `memory:${name}`, digest: `evaluate-${name}` });

async function report(against: string | null) {
  const options = { rate: 0.01, hidden: 0, seed: 1, epochs: 3, batch: 128, patience: 2 };
  const { network: good } = await trainNetwork(sampleSet(3_000, 2), sampleSet(1_000, 3), options);
  const bad = { ...good, weights: good.weights.map((weight) => -weight) };
  const files: Record<string, Uint8Array> = {
    'memory:set': encodeTrainingSet(set),
    'memory:good/model.onnx': exportOnnx(good),
    'memory:bad/model.onnx': exportOnnx(bad),
  };
  const readArtifact = async (from: string | { uri: string }): Promise<Uint8Array> => files[typeof from === 'string' ? from : from.uri]!;
  const of = (model: string, champion: string | null) =>
    evaluate.run({ model: handle(model), against: champion === null ? null : handle(champion), data }, { readArtifact });
  return { asGood: await of('good', against), asBad: await of('bad', 'good') };
}

describe('the evaluation', () => {
  it('gives the first model no champion to beat, on the test rows alone', async () => {
    const { asGood } = await report(null);
    expect(asGood).toMatchObject({ rows: 2_000, championAuc: null });
    expect(asGood.auc).toBeGreaterThan(0.75);
    expect(asGood.slices.every(({ championAuc }) => championAuc === null)).toBe(true);
  });
  it('measures both on the same rows, and the gate keeps a better champion', async () => {
    const { asGood, asBad } = await report('good');
    expect(asGood.championAuc).toBe(asGood.auc);
    expect(asBad.championAuc).toBe(asGood.auc);
    expect(asBad.auc).toBeCloseTo(1 - asGood.auc, 3);
    expect(await gate.run({ report: asGood, minAuc: 0.6 })).toMatchObject({ pass: true, reasons: [], worst: expect.stringContaining('with AUC') });
    const { pass, reasons } = await gate.run({ report: asBad, minAuc: 0.1 });
    expect(pass).toBe(false);
    expect(reasons[0]).toMatch(/^AUC 0\.\d{4} is under the champion's 0\.\d{4}$/);
    expect(asGood.metrics).toMatchObject({ auc: asGood.auc, rows: 2_000 });
    expect(Object.keys(asGood.bySlice)).toEqual(asGood.slices.map(({ slice }) => slice));
    expect(asGood.bytes).toBeGreaterThan(100);
    expect(asGood.latencyMs).toBeGreaterThan(0);
  });
});
