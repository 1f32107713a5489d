/** The manifest of scores names the run and the model version that made them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { datasetDef } from '../../activities/step/dataset-def.ts';
import type { StepCall } from '../../dsl/contract/step.ts';
import { modelsIn, readManifest } from '../../storage/datasets/manifest.ts';
import { publishPartition } from '../../storage/datasets/publish-partition.ts';
import { openStore } from '../../storage/store.ts';
import { Scores } from '../../pipelines/data.ts';
import { sliceData } from '../../workers/step-slices.ts';

const folder = mkdtempSync(join(tmpdir(), 'heddle-manifest-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});
const model = { kind: 'model', name: 'flights.delay', version: '7', uri: 'store://models/7', digest: 'sha256:abc' };

it('a published partition says which model version its rows are from', async () => {
  const store = openStore({ root: folder, project: 'p' });
  const call: StepCall = {
    project: 'p',
    runId: 'run-1',
    pipeline: 'flights.score',
    planHash: 'h',
    step: 'flights.publish_scores',
    task: 'flights.publish_scores',
    version: '1',
    input: { model, parts: [{ kept: { uri: 'u' } }, null] },
    attempts: 1,
    timeoutMs: 1,
    heartbeatMs: 1,
  };
  const rows = [{ flight: 0, at: 0, origin: 'ATL', destination: 'ORD', score: 0.5, model: 'flights.delay@7' }];
  const { staged } = await sliceData(store).stage(datasetDef(Scores), { day: '2001-03-08' }, rows, { call, attempt: 1, codeDigest: null, inputs: [] });
  await publishPartition(store, staged, { replace: false });
  const found = await readManifest(store, `${store.resolve('store://flights/scores')}/day=2001-03-08`);
  expect(found?.manifest).toMatchObject({ runId: 'run-1', models: [{ name: 'flights.delay', version: '7', digest: 'sha256:abc' }] });
});

it('models are found wherever they stand in an input, each once', () => {
  expect(modelsIn({ a: [model, { deep: { ...model, version: '8' } }], b: model, kind: 'slice' }).map(({ version }) => version)).toEqual(['7', '8']);
  for (const none of [null, 1, 'model', [], {}, { kind: 'model', name: 'x' }]) expect(modelsIn(none)).toEqual([]);
});
