/** Slices scored from their files: a real day of flights, row by row beside the network itself, through a real store. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { planSliceShards, readScores, scoreSlice, sieveSlice, type ScoredModel, type SliceScoring } from '../../activities/scoring/index.ts';
import { datasetDef } from '../../activities/step/dataset-def.ts';
import { FEATURES } from '../../activities/flights/feature-vector.ts';
import { localScorer } from '../../activities/scoring/local-scorer.ts';
import { predict, type Network } from '../../activities/training/network.ts';
import { exportOnnx } from '../../activities/training/onnx-export.ts';
import type { Artifact, SliceFile, TaskContext } from '../../dsl/authoring/context.ts';
import { publishPartition } from '../../storage/datasets/publish-partition.ts';
import { sliceFiles } from '../../storage/datasets/slice-files.ts';
import { stagePartition } from '../../storage/datasets/stage-partition.ts';
import { openStore } from '../../storage/store.ts';
import { Features, Scores } from '../../pipelines/data.ts';
import { linear } from './models.ts';
import { networkFor, realDay } from './real-day.ts';

const folder = mkdtempSync(join(tmpdir(), 'heddle-score-slice-'));
const store = openStore({ root: folder, project: 'test' });
const DAY = '2001-03-08';
/** Rows that the model must not score: far out of the range of their feature. */
const BAD = [3, 7_000, 12_345];
const keep = ['flight', 'at', 'origin', 'destination'];
let day: Awaited<ReturnType<typeof realDay>>;
let network: Network;
let model: ScoredModel;
let files: readonly SliceFile[];

beforeAll(async () => {
  day = await realDay(DAY);
  const made = networkFor(day);
  network = made.network;
  const onnx = exportOnnx(network);
  model = { digest: createHash('sha256').update(onnx).digest('hex'), load: async () => onnx, schema: made.schema };
  for (const row of BAD) day.columns.logDistance[row] = 99;
  const by = { runId: 'r', step: 's', attempt: 1, planHash: 'p', task: 't', version: '1', codeDigest: null, inputs: [] };
  async function* batches() {
    for (let from = 0; from < day.numRows; from += 1024) {
      const to = Math.min(from + 1024, day.numRows);
      yield { numRows: to - from, columns: Object.fromEntries(Object.entries(day.columns).map(([name, column]) => [name, column.slice(from, to)])) };
    }
  }
  // several files, of several row groups each
  const def = { ...datasetDef(Features), files: { rowsPerGroup: 1024, bytesPerFile: 100_000 } };
  const { staged } = await stagePartition(store, def, { day: DAY }, batches(), by);
  files = await sliceFiles(store, await publishPartition(store, staged, { replace: false }));
}, 60_000);
afterAll(async () => {
  await localScorer().close();
  rmSync(folder, { recursive: true, force: true });
});

let artifacts = 0;
const ctx = {
  artifact: async (name: string, content: AsyncIterable<Uint8Array>): Promise<Artifact> => {
    const uri = store.resolve(`store://artifacts/${++artifacts}-${name}`);
    return { uri, ...(await store.write(uri, content)) };
  },
  readArtifact: ({ uri }: Artifact) => store.read(uri),
  progress: () => undefined,
  signal: new AbortController().signal,
} as unknown as TaskContext; // the parts that scoring uses

const scoring = (more: Partial<SliceScoring> = {}): SliceScoring => ({ files, model, keep, constants: { model: 'flights.delay@7' }, ...more });
async function rowsOf(file: Artifact) {
  const rows = [];
  for await (const batch of readScores(ctx, Scores, file)) rows.push(...batch.rows());
  return rows;
}
/** Row -> its score by the network itself. */
const expected = (row: number): number =>
  predict(
    network,
    Float32Array.from(FEATURES, (name) => day.columns[name][row]!),
    1,
  )[0]!;

describe('a real day', () => {
  it('is scored row by row as the network itself does, beside what was kept; bad rows are told, and no row is lost', async () => {
    expect(files.length).toBeGreaterThan(2);
    const { file, summary, rejects } = await scoreSlice(ctx, scoring());
    expect(rejects.map(({ row, feature, reason, value, key }) => [row, feature, reason, value, key['flight']])).toEqual(
      BAD.map((row) => [row, 'logDistance', 'above the range', 99, row]),
    );
    expect(summary).toMatchObject({ scored: day.numRows - 3, quarantined: 3, failed: 0, reasons: { 'logDistance above the range': 3 } });
    const rows = await rowsOf(file);
    expect(rows.map(({ flight }) => flight)).toEqual(Array.from({ length: day.numRows }, (_, i) => i).filter((row) => !BAD.includes(row)));
    let difference = 0;
    for (const { flight, at, origin, destination, score, model: by } of rows) {
      const { columns } = day;
      expect([at, origin, destination, by]).toEqual([columns.at[flight], columns.origin[flight], columns.destination[flight], 'flights.delay@7']);
      difference = Math.max(difference, Math.abs(score - expected(flight)));
    }
    expect(difference).toBeLessThan(1e-5);
  });

  it('is looked at beforehand with the same outcome, and its columns have the mean and deviation of all rows', async () => {
    const sieved = await sieveSlice(ctx, { files, model, keep: ['flight', 'at'], keepRejects: 2 });
    expect(sieved).toMatchObject({ rows: day.numRows, quarantined: 3, reasons: { 'logDistance above the range': 3 } });
    expect(sieved.rejects.map(({ key }) => key)).toEqual(BAD.slice(0, 2).map((row) => ({ flight: row, at: day.columns.at[row] })));
    for (const name of FEATURES) {
      const values = [...day.columns[name]];
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      const found = sieved.profile[name]!;
      expect(found).toMatchObject({ min: Math.min(...values), max: Math.max(...values) });
      expect(found.mean).toBeCloseTo(mean, 9);
      expect(found.std).toBeCloseTo(Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length), 6);
    }
  });

  it('gives the same rows shard by shard, whose bounds are those of row groups', async () => {
    const whole = await rowsOf((await scoreSlice(ctx, scoring())).file);
    const shards = await planSliceShards(files, 4_000);
    expect(shards.length).toBeGreaterThan(2);
    expect(shards.every(({ first }) => first % 1024 === 0)).toBe(true);
    const parts = [];
    let counted = 0;
    for (const { first, count } of shards) {
      const { file, summary } = await scoreSlice(ctx, scoring({ first, count }));
      counted += summary.scored + summary.failed + summary.quarantined;
      expect(summary.scored + summary.quarantined).toBe(count);
      parts.push(...(await rowsOf(file)));
    }
    expect(counted).toBe(day.numRows);
    expect(parts).toEqual(whole);
  });

  it('is scored from any row to any other, over the bounds of files and row groups', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(day.numRows - 1), fc.nat(6_000), async (first, count) => {
        const { file, summary } = await scoreSlice(ctx, scoring({ first, count }));
        const wanted = Array.from({ length: Math.min(count, day.numRows - first) }, (_, i) => first + i).filter((row) => !BAD.includes(row));
        expect((await rowsOf(file)).map(({ flight }) => flight)).toEqual(wanted);
        expect(summary.scored).toBe(wanted.length);
      }),
      { numRuns: 12 },
    );
  });
});

describe('a slice', () => {
  it('whose file has other rows than its manifest says, or another type of column than its first file, is refused', async () => {
    const [first, second] = files;
    const shorter = { ...first!, rows: first!.rows + 1 };
    await expect(scoreSlice(ctx, scoring({ files: [shorter] }))).rejects.toMatchObject({
      code: 'HDL-BAD-FILE',
      what: expect.stringMatching(/its manifest says/),
    });
    const { file } = await scoreSlice(ctx, scoring({ scoreColumn: 'at', keep: ['flight'], constants: {} }));
    const bytes = await store.read(file.uri);
    const other = {
      ...second!,
      name: 'other',
      rows: day.numRows - 3,
      bytes: bytes.length,
      read: async (from: number, length: number) => bytes.subarray(from, from + length),
    };
    const alone: ScoredModel = { digest: 'one feature', load: async () => linear([1]), schema: { features: ['at'], profile: null } };
    await expect(sieveSlice(ctx, { files: [first!, other], model: alone, keep: ['at'] })).rejects.toMatchObject({
      code: 'HDL-FILE-SCHEMA',
      what: expect.stringMatching(/^Column at is FLOAT.*; in the slice's first file it is INT64/),
    });
  });
});
