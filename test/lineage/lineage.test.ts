/** heddle partitions, heddle lineage and OpenLineage events, over a real catalog and store, through the API and the command. */
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { together, type LineageGraph } from '../../api/lineage/trace.ts';
import { lineageRunId } from '../../api/lineage/open-lineage.ts';
import { recordLineage } from '../../api/lineage/record-lineage.ts';
import { sendEvents } from '../../api/lineage/send-events.ts';
import { runsWithoutLineage } from '../../catalog/lineage.ts';
import { openCatalog } from '../../catalog/catalog.ts';
import { rebuildCatalog } from '../../catalog/rebuild.ts';
import { waitingOutbox } from '../../catalog/outbox.ts';
import { getRun } from '../../catalog/runs.ts';
import { writeRunFile } from '../../api/runs/run-file.ts';
import { lineagePass } from '../../workers/server-lineage.ts';
import { startRegistryServer, type RegistryServer } from '../models/registry-server.ts';
import { runEventSchema } from './open-lineage-schema.ts';
import { makeFlow, type Flow } from './flow.ts';

let server: RegistryServer;
let flow: Flow;
let receiver: Server;
let status = 200;
let received: Record<string, unknown>[] = [];
beforeAll(async () => {
  receiver = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      if (status === 200) received.push(JSON.parse(Buffer.concat(pieces).toString('utf8')) as Record<string, unknown>);
      response.writeHead(status).end();
    });
  });
  await new Promise<void>((done) => receiver.listen(0, '127.0.0.1', done));
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/api/v1/lineage`;
  server = await startRegistryServer({ lineage: { url, file: null, namespace: 'heddle.test', tokenEnv: null } });
  flow = await makeFlow(server.parts);
  await lineagePass(server.parts);
});
afterAll(async () => {
  receiver?.close();
  await server?.stop();
});
const graph = async (of: string, more = ''): Promise<LineageGraph> => (await server.api.get<LineageGraph>(`/lineage?of=${encodeURIComponent(of)}${more}`)).body;
const names = ({ nodes }: LineageGraph): string[] => nodes.map(({ kind, name, version }) => `${kind} ${name} ${version}`.trim()).toSorted();

describe('heddle partitions', () => {
  it('lists what the store holds, with run and code, in a range of keys', async () => {
    const all = await server.heddle('partitions', 'flights.features', '--json');
    expect(JSON.parse(all.stdout)).toMatchObject({
      dimensions: ['day'],
      partitions: [{ key: '2001-03-01', path: 'day=2001-03-01', rows: 1, runId: flow.runs.features, task: 'flights.build_features' }, { key: '2001-03-02' }],
    });
    const keysIn = async (range: string) =>
      (
        JSON.parse((await server.heddle('partitions', 'flights.features', '--range', range, '--json')).stdout) as { partitions: { key: string }[] }
      ).partitions.map(({ key }) => key);
    expect(await keysIn('2001-03-02..')).toEqual(['2001-03-02']);
    expect(await keysIn('..2001-03-01')).toEqual(['2001-03-01']);
    expect(await keysIn('2001-03')).toEqual(['2001-03-01', '2001-03-02']);
    expect((await server.heddle('partitions', 'flights.features')).stdout).toMatch(/2001-03-01\s+1\s.*flights.build_features 1/);
    expect((await server.heddle('partitions', 'flights.featurs')).stderr).toMatch(/HDL-NO-DATASET.*Did you mean "flights.features"/);
  });
});

describe('heddle lineage', () => {
  it('leads from a model to the very partitions, the raw file and the code, and to the scores and caches that hold it', async () => {
    const found = await graph('model:flights.delay@1');
    expect(names(found)).toEqual([
      'cache default/flights 2001-03-03.m1.abc',
      'file file:///data/flights.parquet',
      'model flights.delay 1',
      'partition flights.features day=2001-03-01',
      'partition flights.features day=2001-03-02',
      'partition flights.raw day=2001-03-01',
      'partition flights.raw day=2001-03-02',
      'partition flights.scores day=2001-03-02',
    ]);
    const made = found.nodes.find(({ name }) => name === 'flights.scores')?.made;
    expect(made).toMatchObject({
      runId: flow.runs.score,
      pipeline: 'flights.score',
      task: 'flights.publish_scores',
      code: 'sha256:code-of-flights.publish_scores',
    });
  });

  it('of a partition made by an item of a map holds only what that item read', async () => {
    expect(names(await graph('flights.features@2001-03-01', '&direction=up'))).toEqual([
      'file file:///data/flights.parquet',
      'partition flights.features day=2001-03-01',
      'partition flights.raw day=2001-03-01',
    ]);
    expect([together('a[1].x', 'a[2].y'), together('a[1].x', 'a[1].y'), together('a[1].x', 'b'), together('a[1].b[2].x', 'a[1].b[3].y')]).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });

  it('downstream of raw data reaches what was scored, and says when it was cut', async () => {
    expect(names(await graph('flights.raw@2001-03-01', '&direction=down'))).toEqual([
      'cache default/flights 2001-03-03.m1.abc',
      'model flights.delay 1',
      'partition flights.features day=2001-03-01',
      'partition flights.raw day=2001-03-01',
      'partition flights.scores day=2001-03-02',
    ]);
    const near = await graph('flights.raw@2001-03-01', '&direction=down&depth=1');
    expect([near.cut, names(near)]).toEqual([true, ['partition flights.features day=2001-03-01', 'partition flights.raw day=2001-03-01']]);
  });

  it('is a tree on a terminal', async () => {
    const { stdout } = await server.heddle('lineage', 'model:flights.delay@1');
    expect(stdout.split('\n').map((line) => line.replace(/ {2}by .*/, '').trimEnd())).toEqual([
      'model flights.delay 1',
      'made of',
      '  └─ flights.features 2 of them, day=2001-03-01 to day=2001-03-02',
      '     └─ flights.raw 2 of them, day=2001-03-01 to day=2001-03-02',
      '        └─ file file:///data/flights.parquet',
      'went into',
      '  ├─ flights.scores day=2001-03-02',
      '  └─ cache default/flights 2001-03-03.m1.abc',
      '',
    ]);
    expect(stdout).toContain('by flights.features_range: flights.build_features 1, code sha256:code-of-fli');
  });

  it('leads from a cache to the model and the partitions of its universe, and from both to the cache', async () => {
    const behind = [
      'cache default/flights 2001-03-03.m1.abc',
      'file file:///data/flights.parquet',
      'model flights.delay 1',
      'partition flights.features day=2001-03-01',
      'partition flights.features day=2001-03-02',
      'partition flights.raw day=2001-03-01',
      'partition flights.raw day=2001-03-02',
    ];
    for (const of of ['cache:default/flights@2001-03-03.m1.abc', 'cache:default/flights']) expect(names(await graph(of, '&direction=up'))).toEqual(behind);
    const near = await graph('cache:default/flights', '&direction=up&depth=1');
    expect(names(near)).toEqual(behind.filter((name) => /cache|model|features/.test(name)));
    expect(near.nodes.find(({ kind }) => kind === 'cache')?.made).toMatchObject({ runId: flow.runs.prewarm, pipeline: 'flights.prewarm', task: 'cache.swap' });
    for (const of of ['model:flights.delay@1', 'flights.features@2001-03-01'])
      expect(names(await graph(of, '&direction=down&depth=1'))).toContain('cache default/flights 2001-03-03.m1.abc');
    const { stdout } = await server.heddle('lineage', 'cache:default/flights', '--up');
    expect(stdout.split('\n')[0]).toMatch(/^cache default\/flights 2001-03-03.m1.abc {2}by flights.prewarm: cache.swap/);
  });

  it('of what is not there is told, with a code', async () => {
    expect((await server.heddle('lineage', 'flights.raw@2001-04-01')).stderr).toContain('HDL-NO-PARTITION');
    expect((await server.heddle('lineage', 'flights.raw@yesterday')).stderr).toContain('HDL-BAD-KEY');
    expect((await server.heddle('lineage', 'model:flights.delay@9')).stderr).toContain('HDL-NO-MODEL');
    expect((await server.heddle('lineage', 'flights.raw')).stderr).toContain('HDL-BAD-REQUEST');
    expect((await server.heddle('lineage', 'cache:default/flight')).stderr).toMatch(/HDL-NO-CACHE.*Did you mean "cache:default\/flights"/);
    expect((await server.heddle('lineage', 'cache:default/flights@2001-03-03.m9.x')).stderr).toContain('HDL-NO-CACHE');
    expect((await server.heddle('lineage', 'flights.raw@2001-03-01', '--depth', '0')).code).toBe(2);
  });

  it('comes back with a catalog that was rebuilt from the store', async () => {
    const { parts } = server;
    for (const runId of Object.values(flow.runs)) await writeRunFile(parts, (await getRun(parts.catalog.db, runId))!);
    const catalog = await openCatalog(`sqlite:${join(parts.config.stateFolder, 'rebuilt.db')}`);
    try {
      await rebuildCatalog({ store: parts.store, catalog });
      expect((await runsWithoutLineage(catalog.db, 'default', 50)).toSorted()).toEqual(Object.values(flow.runs).toSorted());
      for (const runId of Object.values(flow.runs)) expect(await recordLineage({ ...parts, catalog }, runId)).toEqual(await recordLineage(parts, runId));
    } finally {
      await catalog.close();
    }
  });
});

describe('OpenLineage events', () => {
  it('wait while the receiver is away, then come in order, each once', async () => {
    status = 503;
    expect(await sendEvents(server.parts)).toBe(false);
    expect(received).toEqual([]);
    status = 200;
    expect(await sendEvents(server.parts)).toBe(true);
    await lineagePass(server.parts);
    await sendEvents(server.parts);
    expect(received.length).toBe(12);
    for (const { run } of received as { run: { runId: string } }[]) {
      const types = received.filter((event) => (event['run'] as { runId: string }).runId === run.runId).map(({ eventType }) => eventType);
      expect(types).toEqual(['START', expect.stringMatching(/^(COMPLETE|FAIL)$/)]);
    }
  });

  it('fit the shapes of the specification', () => {
    const validate = new Ajv({ strict: false, allErrors: true, validateFormats: false }).compile(runEventSchema);
    expect(received.length).toBeGreaterThan(0);
    for (const event of received) {
      validate(event);
      expect(validate.errors ?? [], JSON.stringify(event)).toEqual([]);
    }
    expect(validate({ ...received[0], eventTime: 5 })).toBe(false);
    expect(validate({ ...received[0], inputs: [{ namespace: 'x' }] })).toBe(false);
  });

  it('name inputs and outputs with their columns and their source', () => {
    const complete = received.find(
      (event) => event['eventType'] === 'COMPLETE' && (event['run'] as { runId: string }).runId === lineageRunId(flow.runs.features, 0),
    );
    const root = server.parts.store.resolve('store://flights/raw');
    expect(complete).toMatchObject({
      job: { namespace: 'heddle.test', name: 'flights.features_range' },
      inputs: [
        {
          namespace: 'file',
          name: root.replace('file://', ''),
          facets: {
            schema: {
              fields: [
                { name: 'at', type: 'integer', description: 'seconds' },
                { name: 'origin', type: 'string' },
              ],
            },
            dataSource: { uri: root },
            version: { datasetVersion: expect.stringContaining('2 of them') },
          },
        },
      ],
      outputs: [{ name: expect.stringMatching(/flights\/features$/) }],
    });
    const warmed = received.find(
      (event) => event['eventType'] === 'COMPLETE' && (event['run'] as { runId: string }).runId === lineageRunId(flow.runs.prewarm, 0),
    );
    expect(warmed).toMatchObject({
      outputs: [{ namespace: 'heddle.test', name: 'caches/default/flights', facets: { version: { datasetVersion: '2001-03-03.m1.abc' } } }],
    });
    expect((warmed?.['inputs'] as { name: string }[]).map(({ name }) => name)).toEqual(['models/flights.delay', expect.stringMatching(/flights\/features$/)]);
    const failed = received.find((event) => event['eventType'] === 'FAIL');
    expect(failed).toMatchObject({ run: { facets: { errorMessage: { message: 'x: no luck' } } } });
  });

  it('that are refused for good hold nobody up', async () => {
    const { parts } = server;
    await parts.catalog.db.updateTable('outbox').set({ sent_at: null }).execute();
    status = 400;
    expect(await sendEvents(parts)).toBe(true);
    expect(await waitingOutbox(parts.catalog.db, 'default', 'openlineage', 10)).toEqual([]);
    status = 200;
  });

  it('go to a file as lines where one is named', async () => {
    const file = join(server.parts.config.stateFolder, 'events', 'lineage.jsonl');
    const { parts } = server;
    await parts.catalog.db.updateTable('outbox').set({ sent_at: null }).execute();
    await sendEvents({ ...parts, config: { ...parts.config, lineage: { url: null, file, namespace: 'x', tokenEnv: null } } });
    expect(existsSync(file)).toBe(true);
    const lines = readFileSync(file, 'utf8').trim().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { eventType: string }).eventType)).toEqual(received.map(({ eventType }) => eventType));
  });
});
