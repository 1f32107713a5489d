/** The reconciler while Temporal is away: a real connection to a port where nobody listens. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { expect, it } from 'vitest';
import type { ServerParts } from '../../api/server-parts.ts';
import { openCatalog } from '../../catalog/catalog.ts';
import { addRun, markStarted } from '../../catalog/runs.ts';
import { reconcilePass } from '../../workers/server-reconciler.ts';
import { sampleRun } from '../catalog/samples.ts';

it('ends a pass after two runs without an answer, and the next one begins behind them', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'heddle-away-'));
  const catalog = await openCatalog(`sqlite:${join(folder, 'catalog.db')}`);
  const connection = Connection.lazy({ address: '127.0.0.1:1' });
  try {
    const runs = Array.from({ length: 5 }, () => sampleRun());
    for (const run of runs) {
      await addRun(catalog.db, run);
      await markStarted(catalog.db, run.runId, 2_000);
    }
    const ids = runs.map(({ runId }) => runId).toSorted();
    const warned: string[] = [];
    const log = { warn: (fields: { runId: string }) => warned.push(fields.runId) };
    const parts = { config: { project: 'default' }, catalog, temporal: new Client({ connection }), log } as unknown as ServerParts; // what a pass uses
    expect(await reconcilePass(parts, Date.now(), '')).toBe(ids[1]);
    expect(warned).toEqual(ids.slice(0, 2));
  } finally {
    await connection.close();
    await catalog.close();
    rmSync(folder, { recursive: true, force: true });
  }
}, 60_000);
