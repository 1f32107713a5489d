import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { moveBackfill } from '../../catalog/backfills.ts';
import type { RunningServer } from '../../workers/server.ts';
import { serverFixture, type ServerFixture } from '../server/server-fixture.ts';
import { startBackfill } from '../../api/backfills/start-backfill.ts';
import { addBackfill } from '../../catalog/backfills.ts';
import { newId } from '../../catalog/ids.ts';

let fixture: ServerFixture;
let server: RunningServer;
beforeAll(async () => {
  fixture = await serverFixture();
  ({ server } = fixture);
});
afterAll(() => fixture?.stop());

describe('a plan of a backfill', () => {
  it('that is older than a day cannot be started, and is told as expired', async () => {
    const { parts } = server;
    const id = newId();
    const now = Date.now();
    await addBackfill(
      parts.catalog.db,
      {
        id,
        project: parts.config.project,
        pipeline: 'tiny.pipeline',
        spec: {} as never, // it is refused before that is looked at
        summary: {},
        fingerprint: 'f',
        cells: 1,
        createdAt: now - 26 * 3_600_000,
        createdBy: 'me',
        expiresAt: now - 2 * 3_600_000,
        redoOf: null,
      },
      [],
    );
    const who = { name: 'me', roles: ['operator'] } as never;
    await expect(startBackfill(parts, who, id, undefined)).rejects.toMatchObject({
      code: 'HDL-BACKFILL-EXPIRED',
      what: expect.stringContaining('26 hours') as string,
    });
    await expect(startBackfill(parts, who, id, undefined)).rejects.toMatchObject({ code: 'HDL-BACKFILL-STATE' });
    expect(await moveBackfill(parts.catalog.db, id, ['planned'], 'running')).toBe(false);
  });
});
