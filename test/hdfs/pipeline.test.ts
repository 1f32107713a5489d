/** A whole run with its store in a real HDFS: server, worker and command line as processes, nothing in the local store. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DatasetDef } from '../../dsl/plan/types.ts';
import { listPartitions } from '../../storage/datasets/list-partitions.ts';
import { pinSlice } from '../../storage/datasets/pin-slice.ts';
import { readSlice } from '../../storage/datasets/read-slice.ts';
import { sliceFiles } from '../../storage/datasets/slice-files.ts';
import { openProjectStore } from '../../storage/open-file-systems.ts';
import type { Store } from '../../storage/store.ts';
import { daysPipeline } from '../chaos/days-project.ts';
import { linesOf, startSystem, type System } from '../chaos/system.ts';
import { until } from '../chaos/until.ts';
import { hadoopMissing, startHadoop, type HadoopPart } from '../real-parts/hadoop.ts';

const missing = hadoopMissing();
const DAY = '2001-03-01';
const rows: DatasetDef = {
  name: 'chaos.rows',
  uri: 'store://chaos/rows',
  partitions: { day: { kind: 'day', start: '2001-01-01' } },
  schema: { type: 'object', properties: { id: { type: 'integer' }, text: { type: 'string' } }, required: ['id', 'text'] },
};
let hadoop: HadoopPart;
let system: System;
let store: Store;
beforeAll(async () => {
  if (missing !== null) return;
  hadoop = await startHadoop({ ha: true });
  system = await startSystem({
    files: { 'pipelines/days.ts': daysPipeline },
    env: { HEDDLE_STORAGE_ROOT: 'hdfs://ml/heddle', HEDDLE_HDFS: `ml=${hadoop.namenodes.join(',')}` },
  });
  store = openProjectStore({ storageRoot: 'hdfs://ml/heddle', project: 'p', hdfs: { ml: { namenodes: hadoop.namenodes } } });
}, 300_000);
afterAll(async () => {
  await system?.stop();
  await hadoop?.stop();
});

describe.skipIf(missing !== null)(`a run whose store is in HDFS${missing === null ? '' : `: ${missing}`}`, () => {
  it('publishes once though the active NameNode is killed meanwhile, and a second run replaces it', async () => {
    const ledger = join(system.folder, 'ledger');
    const started = await system.run('chaos.days', '--partition', DAY, '--param', `ledger=${ledger}`);
    await until('a checkpoint', () => Promise.resolve(linesOf(join(ledger, 'ledger')).length > 3));
    await hadoop.tell('stop-nn 0');
    await hadoop.tell('active 1');
    const first = await system.ended(started, 200_000);
    expect(first, JSON.stringify(first.steps.filter(({ status }) => status !== 'done'))).toMatchObject({ status: 'done', output: { effects: 12 } });
    const second = await system.ended(await system.run('chaos.days', '--partition', DAY, '--param', `ledger=${join(system.folder, 'again')}`), 200_000);
    expect(second.status).toBe('done');

    const slice = await pinSlice(store, rows, [{ day: DAY }]);
    if ('missing' in slice) throw new Error(slice.missing);
    const ids: number[] = [];
    for await (const batch of readSlice(store, rows, slice)) ids.push(...(Array.from(batch.columns['id'] ?? []) as number[]));
    expect(ids.map(Number).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, id) => id));
    for (const file of await sliceFiles(store, slice)) {
      expect(file.name).toMatch(/^hdfs:/);
      expect(Buffer.from(await file.read(file.bytes - 4, 4)).toString()).toBe('PAR1');
      await file.verify();
    }
    expect((await listPartitions(store, rows)).partitions.map(({ manifest }) => manifest.runId)).toEqual([second.runId]);
    // nothing is left of attempts, and nothing lies on the local disk
    const staging = `${store.resolve(rows.uri)}/.heddle/staging`;
    const left = await Promise.all((await store.list(staging)).map(({ uri }) => store.list(uri)));
    expect(left.flat()).toEqual([]);
    expect(existsSync(system.store)).toBe(false);
  }, 300_000);

  it('is looked at by heddle doctor, which misses the NameNode that was killed', async () => {
    const { stdout } = await system.heddle('doctor', '--json');
    const { checks } = JSON.parse(stdout) as { checks: { name: string; state: string; detail: string }[] };
    expect(checks.filter(({ name }) => /store|hdfs/.test(name))).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ name: 'store', state: 'ok', detail: expect.stringContaining('hdfs://ml/heddle') }),
        // the one that was killed above has nobody behind it
        expect.objectContaining({ name: 'hdfs ml', state: 'warn', detail: expect.stringMatching(/^1 of 2 NameNodes serve; http:.*ECONNREFUSED/) }),
      ]),
    );
  });
});
