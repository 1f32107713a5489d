/** Lineage and the outbox in the catalog, on SQLite and on a real PostgreSQL. */
import { expect, it } from 'vitest';
import { newId } from '../../catalog/ids.ts';
import { factsAbout, factsOfRun, runsWithoutLineage, writeLineage, type LineageFact } from '../../catalog/lineage.ts';
import { closeOutbox, pruneOutbox, putOutbox, runsWithoutStart, waitingOutbox } from '../../catalog/outbox.ts';
import { datasetNamed, datasetNames, putPlan } from '../../catalog/plans.ts';
import { addRun, endRun, markStarted, reopenRun } from '../../catalog/runs.ts';
import { eachCatalog } from '../catalog/each-catalog.ts';
import { sampleRun } from '../catalog/samples.ts';
import { tinyPlan } from '../server/test-server.ts';

const failed = { status: 'failed', endedAt: 9, output: null, failures: [], abandoned: [] } as const;

eachCatalog('lineage', (catalog) => {
  it('is asked for once a run and retry, and written once however often it comes', async () => {
    const project = newId();
    const run = sampleRun({ project });
    const { db } = catalog();
    await addRun(db, run);
    expect(await runsWithoutLineage(db, project, 10)).toEqual([]);
    await endRun(db, run.runId, failed, {});
    expect(await runsWithoutLineage(db, project, 10)).toEqual([run.runId]);
    const fact: LineageFact = { runId: run.runId, step: 'a', io: 'out', kind: 'partition', name: 'd', version: 'day=1', digest: 'm1', at: 5 };
    const write = () =>
      catalog().transaction((trx) => writeLineage(trx, { project, runId: run.runId, retry: 0 }, [fact, { ...fact, io: 'in', digest: 'm0' }], 6));
    await write();
    await write();
    expect(await runsWithoutLineage(db, project, 10)).toEqual([]);
    expect(await factsOfRun(db, run.runId)).toHaveLength(2);
    expect(await factsAbout(db, project, { kind: 'partition', name: 'd', version: 'day=1', digest: '' }, 'out')).toEqual([fact]);
    expect(await factsAbout(db, project, { kind: 'partition', name: 'd', version: 'day=1', digest: 'm9' }, 'out')).toEqual([]);
    await reopenRun(db, run.runId, 'plan-1', 10);
    await endRun(db, run.runId, failed, {});
    expect(await runsWithoutLineage(db, project, 10)).toEqual([run.runId]);
  });

  it('waits in the outbox in order, each thing once, and runs that began are found until they are announced', async () => {
    const project = newId();
    const { db } = catalog();
    const run = sampleRun({ project });
    await addRun(db, run);
    expect(await runsWithoutStart(db, project, 0, 10)).toEqual([]);
    await markStarted(db, run.runId, 2_000);
    expect(await runsWithoutStart(db, project, 0, 10)).toEqual([run.runId]);
    expect(await runsWithoutStart(db, project, 9_000, 10)).toEqual([]);
    const put = (id: string, seq: string) => putOutbox(db, { id, project, target: 'openlineage', seq, body: id }, 1);
    await put(`openlineage/${run.runId}/0/START`, '2');
    await put(`openlineage/${run.runId}/0/START`, '2');
    await put(`${run.runId} first`, '1');
    expect(await runsWithoutStart(db, project, 0, 10)).toEqual([]);
    expect((await waitingOutbox(db, project, 'openlineage', 10)).map(({ seq }) => seq)).toEqual(['1', '2']);
    await closeOutbox(db, `${run.runId} first`, 5);
    expect(await waitingOutbox(db, project, 'openlineage', 10)).toHaveLength(1);
    await pruneOutbox(db, 100);
    await put(`${run.runId} first`, '1'); // forgotten, so it may come again
    expect(await waitingOutbox(db, project, 'openlineage', 10)).toHaveLength(2);
  });

  it('knows a dataset from the newest plan that has it', async () => {
    const project = newId();
    const base = tinyPlan();
    const put = (at: number, uri: string) =>
      putPlan(catalog().db, {
        project,
        hash: `${project}-${at}`,
        plan: { ...base, contracts: { ...base.contracts, datasets: { 'flights.raw': { name: 'flights.raw', uri, partitions: {}, schema: {} } as never } } },
        by: 'ann',
        at,
      });
    await put(1, 'store://old');
    await put(2, 'store://new');
    expect((await datasetNamed(catalog().db, project, 'flights.raw'))?.uri).toBe('store://new');
    expect(await datasetNamed(catalog().db, project, 'flights')).toBeUndefined();
    expect(await datasetNames(catalog().db, project)).toEqual(['flights.raw']);
  });
});
