/** Files of a pinned slice, read by ranges: ctx.files stands on it. HDFS: test/hdfs/pipeline.test.ts. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import type { SliceHandle } from '../../dsl/contract/step.ts';
import type { DatasetDef } from '../../dsl/plan/types.ts';
import { publishPartition } from '../../storage/datasets/publish-partition.ts';
import { sliceFiles } from '../../storage/datasets/slice-files.ts';
import { stagePartition } from '../../storage/datasets/stage-partition.ts';
import { openStore } from '../../storage/store.ts';

const folder = mkdtempSync(join(tmpdir(), 'heddle-slice-files-'));
const store = openStore({ root: folder, project: 'test' });
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});
let n = 0;
const dataset = (): DatasetDef => ({
  name: 'd',
  uri: `store://d${n++}`,
  partitions: { day: { kind: 'day', start: '2001-01-01' } },
  schema: { type: 'object', properties: { n: { type: 'number' } }, required: ['n'] },
});
/** `rows` numbers that do not compress, in files of about `bytesPerFile`. */
async function publish(d: DatasetDef, rows: number, bytesPerFile: number): Promise<SliceHandle> {
  const by = { runId: `r${n++}`, step: 's', attempt: 1, planHash: 'p', task: 't', version: '1', codeDigest: null, inputs: [] };
  async function* batches() {
    for (let from = 0; from < rows; from += 131_072) {
      const numRows = Math.min(131_072, rows - from);
      yield { numRows, columns: { n: Float64Array.from({ length: numRows }, () => Math.random()) } };
    }
  }
  return publishPartition(store, (await stagePartition(store, d, { day: '2001-03-01' }, batches(), by, { bytesPerFile })).staged, { replace: true });
}

describe("a slice's files", () => {
  it('are listed with rows, bytes and digests that add up, and give the bytes of any range', async () => {
    const slice = await publish(dataset(), 400_000, 1_000_000);
    const files = await sliceFiles(store, slice);
    expect(files.length).toBeGreaterThan(1);
    expect(files.reduce((sum, { rows }) => sum + rows, 0)).toBe(400_000);
    expect(files.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(slice.bytes);
    for (const file of files) {
      const bytes = readFileSync(fileURLToPath(file.name));
      expect(file).toMatchObject({ partition: 'day=2001-03-01', bytes: bytes.length, digest: expect.stringMatching(/^sha256:/) });
      expect(Buffer.from(await file.read(100, 50)).equals(bytes.subarray(100, 150))).toBe(true);
      await file.verify();
    }
  });
  // a small file is read whole, a large one by ranges
  it.each([10_000, 1_200_000])('are those that were pinned, though the partition is replaced meanwhile: %i rows', async (rows) => {
    const d = dataset();
    const slice = await publish(d, rows, 2 ** 30);
    const [file] = await sliceFiles(store, slice);
    const bytes = readFileSync(fileURLToPath(file!.name));
    await publish(d, rows, 2 ** 30);
    expect(readFileSync(fileURLToPath(file!.name)).equals(bytes)).toBe(false);
    expect(Buffer.from(await file!.read(1_000, 500)).equals(bytes.subarray(1_000, 1_500))).toBe(true);
    await file!.verify();
  });
  it.each([10_000, 1_200_000])('that were damaged are not given out as if they were whole: %i rows', async (rows) => {
    const [file] = await sliceFiles(store, await publish(dataset(), rows, 2 ** 30));
    const path = fileURLToPath(file!.name);
    const bytes = readFileSync(path);
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(path, bytes);
    await expect(file!.verify()).rejects.toMatchObject({ code: 'HDL-PARTITION-CHANGED' });
    writeFileSync(path, bytes.subarray(0, 2_000));
    await expect(file!.read(1_000, 5_000)).rejects.toMatchObject({ code: 'HDL-PARTITION-CHANGED' });
  });
});
