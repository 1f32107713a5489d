/** The server while Temporal is killed and comes back on its file. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunDetail, RunSummary } from '../../dsl/contract/api.ts';
import { planHashOf } from '../../storage/digest.ts';
import type { RunningServer } from '../../workers/server.ts';
import { startTemporal, type TemporalPart } from '../real-parts/temporal.ts';
import { client, startTestServer, testConfig, tinyPlan, until, type Client, type TestConfig } from './test-server.ts';

let temporal: TemporalPart;
let state: TestConfig;
let server: RunningServer;
let api: Client;
const plan = tinyPlan();

beforeAll(async () => {
  temporal = await startTemporal();
  state = testConfig(temporal.address);
  server = await startTestServer(state.config);
  api = client(server.url, state.config);
  await api.post('/plans', { plan, hash: planHashOf(plan) });
});
afterAll(async () => {
  await server?.close();
  await temporal?.stop();
  state?.remove();
});
const start = async (params: object): Promise<string> => (await api.run(plan, params as never)).body.runId;

describe('when Temporal goes away', () => {
  it('a run that is asked for meanwhile starts when it is back, and the others go on', async () => {
    const waiting = await start({ mode: 'hang' });
    await until(async () => (await api.get<RunDetail>(`/runs/${waiting}`)).body.steps.length > 0);
    await temporal.kill();
    const asked = await start({ mode: 'quick' });
    expect(await api.post(`/runs/${waiting}/pause`, {})).toMatchObject({ status: 503, body: { error: { code: 'HDL-RUN-UNREACHABLE' } } });
    expect((await api.get<RunSummary>(`/runs/${waiting}`)).body.status).toBe('running');
    expect((await api.get<{ checks: { name: string; ok: boolean }[] }>('/doctor')).body.checks[0]).toMatchObject({ name: 'temporal', ok: false });
    await temporal.restart();
    expect(await api.ended(asked)).toMatchObject({ status: 'done' });
    await until(async () => (await api.post(`/runs/${waiting}/events`, { event: 'landed', payload: { rows: 1 } })).status === 200);
    expect(await api.ended(waiting)).toMatchObject({ status: 'done' });
  }, 120_000);
});
