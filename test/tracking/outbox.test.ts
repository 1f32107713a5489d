/** What a step tracks, on its way through the store to a tracker that answers badly or not at all. The tracker here is a fake; the real one is in mlflow.full.test.ts. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { pino } from 'pino';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { mlflowTracker, type Tracker } from '../../activities/tracking/mlflow.ts';
import { TrackerAway, TrackerRefused } from '../../activities/tracking/mlflow-http.ts';
import { stepTracker } from '../../activities/tracking/step-tracker.ts';
import { OUTBOX, REFUSED, type Tracked, type TrackedBatch } from '../../activities/tracking/tracked.ts';
import { openStore, type Store } from '../../storage/store.ts';
import { trackingPass } from '../../workers/server-tracking.ts';

const from = { runId: '01K3', pipeline: 'flights.train', partition: '2001-03-08', step: 'trials[0].train' };
const log = pino({ level: 'silent' });
let folder = '';
let store: Store;
beforeEach(() => {
  if (folder !== '') rmSync(folder, { recursive: true, force: true });
  folder = mkdtempSync(join(tmpdir(), 'heddle-tracking-'));
  store = openStore({ root: folder, project: 'default' });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A tracker that remembers; `fail` may throw. */
function memory(fail: (entry: Tracked) => void = () => undefined): Tracker & { readonly got: Tracked[] } {
  const got: Tracked[] = [];
  return {
    got,
    async deliver({ entries }: TrackedBatch) {
      for (const entry of entries) fail(entry);
      got.push(...entries);
    },
  };
}
const metricsIn = (got: readonly Tracked[]): [string, unknown, number][] =>
  got.flatMap((entry) => (entry.kind === 'metrics' ? entry.metrics.map(({ name, value, step }): [string, unknown, number] => [name, value, step]) : []));

describe('what a step tracks', () => {
  it('is gathered into files by time and all of it kept at the end, in order', async () => {
    let now = 1_000;
    const { track, flush } = stepTracker(from, { write: (uri, bytes) => store.write(uri, bytes), now: () => now });
    track.params({ rate: 0.003, deep: true });
    for (let epoch = 1; epoch <= 6; epoch++) {
      now += 1_100;
      track.metric('loss', 1 / epoch, epoch);
      await setImmediate(); // an epoch takes its time
    }
    track.metric('broken', Number.NaN);
    await flush();
    await flush();
    const files = await store.list(OUTBOX);
    expect(files.length).toBeGreaterThan(1);
    expect(files.length).toBeLessThan(6);
    const tracker = memory();
    expect(await trackingPass({ store, log }, tracker, new Map())).toBe(true);
    expect(tracker.got[0]).toEqual({ kind: 'params', values: { rate: '0.003', deep: 'true' } });
    expect(metricsIn(tracker.got)).toEqual([...[1, 2, 3, 4, 5, 6].map((epoch) => ['loss', 1 / epoch, epoch]), ['broken', 'NaN', 0]]);
    expect(await store.list(OUTBOX)).toEqual([]);
  });

  it('survives a store that is away for a while', async () => {
    let away = true;
    const write = async (uri: string, bytes: Uint8Array): Promise<unknown> => {
      if (away) throw new Error('no store');
      return store.write(uri, bytes);
    };
    const { track, flush } = stepTracker(from, { write, now: () => 1 });
    track.metric('loss', 1, 1);
    await expect(flush()).rejects.toThrow('no store');
    track.metric('loss', 2, 2);
    away = false;
    await flush();
    const tracker = memory();
    await trackingPass({ store, log }, tracker, new Map());
    expect(metricsIn(tracker.got)).toEqual([
      ['loss', 1, 1],
      ['loss', 2, 2],
    ]);
  });

  it('waits while the tracker is away, and then comes in order', async () => {
    const write = (uri: string, bytes: Uint8Array): Promise<unknown> => store.write(uri, bytes);
    for (let epoch = 1; epoch <= 3; epoch++) {
      const { track, flush } = stepTracker(from, { write, now: () => epoch });
      track.metric('loss', epoch, epoch);
      await flush();
    }
    let away = true;
    const tracker = memory(() => {
      if (away) throw new TrackerAway('gone');
    });
    for (let i = 0; i < 30; i++) expect(await trackingPass({ store, log }, tracker, new Map())).toBe(false);
    away = false;
    expect(await trackingPass({ store, log }, tracker, new Map())).toBe(true);
    expect(metricsIn(tracker.got).map(([, value]) => value)).toEqual([1, 2, 3]);
  });

  it('that the tracker refuses is put aside with the reason, and so is what it breaks on again and again; the rest goes on', async () => {
    const write = (uri: string, bytes: Uint8Array): Promise<unknown> => store.write(uri, bytes);
    for (const name of ['refused', 'breaks', 'fine']) {
      const { track, flush } = stepTracker({ ...from, step: name }, { write, now: () => 1 });
      track.metric(name, 1);
      await flush();
    }
    await store.write(`${OUTBOX}/0-garbage.json`, Buffer.from('{'));
    const tracker = memory((entry) => {
      if (entry.kind === 'metrics' && entry.metrics[0]?.name === 'refused') throw new TrackerRefused('BAD', 'no such thing');
      if (entry.kind === 'metrics' && entry.metrics[0]?.name === 'breaks') throw new TrackerAway('500 Internal Server Error');
    });
    const tries = new Map<string, number>();
    let passes = 0;
    while (!(await trackingPass({ store, log }, tracker, tries))) expect(++passes).toBeLessThan(20);
    expect(metricsIn(tracker.got)).toEqual([['fine', 1, 0]]);
    const aside = await Promise.all(
      (await store.list(REFUSED)).map(async ({ uri }) => (JSON.parse(Buffer.from(await store.read(uri)).toString('utf8')) as { why: string }).why),
    );
    expect(aside.toSorted()).toEqual(['500 Internal Server Error', expect.stringContaining('JSON'), 'no such thing']);
    expect(await store.list(OUTBOX)).toEqual([]);
  });
});

describe('an MLflow that answers badly', () => {
  let fake: Server | undefined;
  const answering = async (status: number, body: string): Promise<Tracker> => {
    fake?.close();
    const server = createServer((request, response) => {
      request.resume();
      response.writeHead(status, { 'content-type': 'text/html' }).end(body);
    });
    fake = server;
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    return mlflowTracker({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, experiment: 'x', read: async () => new Uint8Array() });
  };
  afterAll(() => {
    fake?.close();
  });
  const batch: TrackedBatch = { format: 1, from, entries: [{ kind: 'params', values: { a: '1' } }] };

  it.each([
    [500, '<html><h1>Internal Server Error</h1></html>', TrackerAway, /500\s+Internal Server Error/],
    [503, '', TrackerAway, /503/],
    [429, '{}', TrackerAway, /429/],
    [200, '<html>login</html>', TrackerAway, /no JSON/],
    [400, '(sqlite3.IntegrityError) FOREIGN KEY constraint failed', TrackerRefused, /FOREIGN KEY/],
    [400, '{"error_code":"INVALID_PARAMETER_VALUE","message":"no"}', TrackerRefused, /INVALID_PARAMETER_VALUE no/],
  ])('with %i and %j is away or refuses, and nothing breaks', async (status, body, kind, message) => {
    const tracker = await answering(status, body);
    const error: unknown = await tracker.deliver(batch).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(kind);
    expect((error as Error).message).toMatch(message);
  });
  it('or not at all is away', async () => {
    const tracker = mlflowTracker({ url: 'http://127.0.0.1:9', experiment: 'x', read: async () => new Uint8Array() });
    await expect(tracker.deliver(batch)).rejects.toThrow(TrackerAway);
  });
});
