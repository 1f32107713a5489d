/** One server with its Temporal for a test file, with tokens of three people and the tiny plan stored. */
import { expect } from 'vitest';
import { tokenHash } from '../../api/auth/tokens.ts';
import type { ResolvedConfig } from '../../config/resolved-config.ts';
import { planHashOf } from '../../storage/digest.ts';
import type { RunningServer } from '../../workers/server.ts';
import { startTemporal, type TemporalPart } from '../real-parts/temporal.ts';
import { client, startTestServer, testConfig, tinyPlan, type Client, type TestConfig } from './test-server.ts';

export interface ServerFixture {
  readonly temporal: TemporalPart;
  readonly state: TestConfig;
  readonly server: RunningServer;
  /** Admin. `oncall-token` is a viewer with role ml-oncall, `looker-token` a viewer. */
  readonly api: Client;
  stop(): Promise<void>;
}

const plan = tinyPlan();
export const tiny = { plan, planHash: planHashOf(plan) };

export async function serverFixture(): Promise<ServerFixture> {
  const temporal = await startTemporal();
  const made = testConfig(temporal.address);
  const token = (name: string, ...roles: string[]) => ({ name, roles, sha256: tokenHash(`${name}-token`) });
  const config: ResolvedConfig = {
    ...made.config,
    server: { ...made.config.server, tokens: [token('oncall', 'viewer', 'ml-oncall'), token('looker', 'viewer')] },
  };
  const server = await startTestServer(config);
  const api = client(server.url, config);
  expect((await api.post('/plans', { plan, hash: tiny.planHash })).status).toBe(200);
  return {
    temporal,
    state: { ...made, config },
    server,
    api,
    async stop() {
      await server.close();
      await temporal.stop();
      made.remove();
    },
  };
}

/** Starts the tiny pipeline and gives the run's id. */
export async function startTiny(api: Client, params: object, more: object = {}): Promise<string> {
  const { status, body } = await api.run(plan, params as never, more);
  expect(body, JSON.stringify(body)).toMatchObject({ status: 'running' });
  expect(status).toBe(200);
  return body.runId;
}
