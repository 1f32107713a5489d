/** The pin of another system's partition whose checksums take longer than any other control activity may. */
import { Client, Connection } from '@temporalio/client';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RunDetail } from '../../dsl/contract/api.ts';
import { childUri } from '../../storage/uri.ts';
import { numbers, stage } from './commit-kit.ts';
import { CrashRig } from './crash-rig.ts';

/** More than start-to-close of the others, and more than a heartbeat may be late. */
const CHECKSUM_MS = 45_000;
let rig: CrashRig;
beforeAll(async () => {
  rig = await CrashRig.start();
}, 120_000);
afterAll(() => rig?.stop());

it('takes one attempt, which beats meanwhile, and the run reads what was pinned', async () => {
  const { store, system, points } = rig;
  const { staging } = await stage(store, numbers(), [1, 2, 3], 'spark');
  const target = childUri(store.resolve('store://crash/others'), 'day=2001-03-01');
  for (const name of ['a.parquet', 'b.parquet']) await store.write(childUri(target, name), await store.read(childUri(staging, 'part-00000.parquet')));
  await store.write(childUri(target, '_SUCCESS'), new Uint8Array());
  points.arm('checksum', { point: 'checksum', when: 'before', of: 'b.parquet' });
  const runId = await system.run('crash.reader', '--partition', '2001-03-01');
  await points.isHeld('checksum');
  await sleep(CHECKSUM_MS); // the file is that long
  points.release('checksum');
  const run: RunDetail = await system.ended(runId);
  expect(run, JSON.stringify(run.failures)).toMatchObject({ status: 'done', output: { rows: 6 } });

  const connection = await Connection.connect({ address: system.temporal.address });
  try {
    const { events = [] } = await new Client({ connection }).workflow.getHandle(run.workflowId).fetchHistory();
    const pins = (events ?? []).filter((event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'heddle.pin');
    const ids = new Set(pins.map(({ eventId }) => String(eventId)));
    const started = (events ?? []).flatMap(({ activityTaskStartedEventAttributes: one }) =>
      one && ids.has(String(one.scheduledEventId)) ? [one.attempt] : [],
    );
    expect(started.length).toBeGreaterThan(0);
    expect(started.every((attempt) => attempt === 1)).toBe(true);
  } finally {
    await connection.close();
  }
}, 200_000);
