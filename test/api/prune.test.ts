/** What the server removes from the store when it is old. */
import { mkdtempSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ulid } from 'ulid';
import { pruneLogs } from '../../api/logs/prune-logs.ts';
import { pruneResults } from '../../api/runs/prune-results.ts';
import { openStore, type Store } from '../../storage/store.ts';

const DAY = 24 * 3_600_000;
let folder = '';
let store: Store;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'heddle-prune-'));
  store = openStore({ root: folder, project: 'p' });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function write(uri: string, ageMs: number): Promise<void> {
  await store.write(uri, Buffer.from('12345'));
  const at = (Date.now() - ageMs) / 1000;
  utimesSync(fileURLToPath(store.resolve(uri)), at, at);
}

it('removes the logs of attempts that ended before, and leaves those of a late retry', async () => {
  const [old, retried, young] = [ulid(Date.now() - 40 * DAY), ulid(Date.now() - 40 * DAY), ulid()];
  await write(`store://logs/${old}/fit/1.jsonl`, 40 * DAY);
  await write(`store://logs/${old}/score/1.jsonl`, 40 * DAY);
  await write(`store://logs/${retried}/fit/1.jsonl`, 40 * DAY);
  await write(`store://logs/${retried}/fit/r1-1.jsonl`, DAY);
  await write(`store://logs/${young}/fit/1.jsonl`, DAY);
  const before = Date.now() - 30 * DAY;
  expect(await pruneLogs(store, before, { dryRun: true })).toEqual({ files: 3, bytes: 15 });
  expect(await store.stat(`store://logs/${old}/fit/1.jsonl`)).not.toBeNull();
  expect(await pruneLogs(store, before)).toEqual({ files: 3, bytes: 15 });
  expect((await store.list('store://logs')).map(({ uri }) => uri.split('/').at(-1))).toEqual([retried, young].toSorted());
  expect((await store.list(`store://logs/${retried}/fit`)).map(({ uri }) => uri.split('/').at(-1))).toEqual(['r1-1.jsonl']);
  expect(await pruneLogs(store, before)).toEqual({ files: 0, bytes: 0 });
});

it('removes results that nobody wrote anew', async () => {
  await write('store://results/a@1/k1.json', 40 * DAY);
  await write('store://results/a@1/k2.json', DAY);
  expect(await pruneResults(store, Date.now() - 30 * DAY)).toBe(1);
  expect((await store.list('store://results/a@1')).map(({ uri }) => uri.split('/').at(-1))).toEqual(['k2.json']);
});
