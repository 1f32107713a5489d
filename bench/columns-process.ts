/** One size of the benchmark `columns`: ROWS. Publishes a partition of so many rows and reads all of it. Prints one JSON line. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { publishPartition } from '../storage/datasets/publish-partition.ts';
import { readSlice } from '../storage/datasets/read-slice.ts';
import { stagePartition } from '../storage/datasets/stage-partition.ts';
import { openStore } from '../storage/store.ts';
import type { DatasetDef } from '../dsl/plan/types.ts';

const rows = Number(process.argv[2]);
if (!(rows > 0)) throw new Error('ROWS');
const folder = mkdtempSync(join(tmpdir(), 'heddle-columns-'));
const store = openStore({ root: folder, project: 'bench' });
const dataset: DatasetDef = {
  name: 'bench.columns',
  uri: 'store://columns',
  partitions: { day: { kind: 'day', start: '2001-01-01' } },
  schema: {
    type: 'object',
    properties: { id: { type: 'integer' }, value: { type: 'number' }, kind: { enum: ['a', 'b', 'c'], type: 'string' }, flag: { type: 'boolean' } },
    required: ['id', 'value', 'kind', 'flag'],
  },
};
const BATCH = 65_536;
async function* batches() {
  const kinds = ['a', 'b', 'c'];
  for (let first = 0; first < rows; first += BATCH) {
    const numRows = Math.min(BATCH, rows - first);
    yield {
      numRows,
      columns: {
        id: Float64Array.from({ length: numRows }, (_, i) => first + i),
        value: Float64Array.from({ length: numRows }, () => Math.random()),
        kind: Array.from({ length: numRows }, (_, i) => kinds[i % 3]),
        flag: Array.from({ length: numRows }, (_, i) => i % 2 === 0),
      },
    };
  }
}
/** Of all of the process, its threads and what Parquet's codec holds outside of JavaScript too. */
let peak = 0;
const watch = setInterval(() => {
  peak = Math.max(peak, process.memoryUsage.rss());
}, 20);
try {
  const started = performance.now();
  const by = { runId: 'bench', step: 'bench', attempt: 1, planHash: '', task: 'bench', version: '1', codeDigest: null, inputs: [] };
  const { staged } = await stagePartition(store, dataset, { day: '2001-01-01' }, batches(), by);
  const slice = await publishPartition(store, staged, { replace: false });
  const wrote = performance.now();
  let sum = 0;
  for await (const { numRows, columns } of readSlice(store, dataset, slice)) {
    const ids = columns['id'] as ArrayLike<number>;
    for (let i = 0; i < numRows; i++) sum += Number(ids[i]);
  }
  if (sum !== (rows * (rows - 1)) / 2) throw new Error(`the sum of the ids is ${sum}`);
  const peakMiB = Math.max(peak / 2 ** 20, process.resourceUsage().maxRSS / 1024);
  process.stdout.write(
    `${JSON.stringify({ rows, peakMiB, writeRowsPerS: rows / ((wrote - started) / 1000), readRowsPerS: rows / ((performance.now() - wrote) / 1000) })}\n`,
  );
} finally {
  clearInterval(watch);
  rmSync(folder, { recursive: true, force: true });
}
process.exit(0); // the codec's threads stay for the next file
