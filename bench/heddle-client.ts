/** Starts runs through the HTTP API, as the command line does, with one compile at the beginning. */
import type { RunSummary } from '../dsl/contract/api.ts';
import type { Json } from '../dsl/plan/types.ts';
import { compileProject } from '../compiler/compile.ts';
import { loadConfig } from '../config/load-config.ts';

export class HeddleClient {
  private readonly url: string;
  private readonly token: string;
  private readonly hashes: ReadonlyMap<string, string>;

  private constructor(url: string, token: string, hashes: ReadonlyMap<string, string>) {
    this.url = url;
    this.token = token;
    this.hashes = hashes;
  }

  static async connect(url: string, token: string, folder: string): Promise<HeddleClient> {
    const { plans, problems } = await compileProject(await loadConfig({ cwd: folder }));
    if (problems.length > 0) throw new Error(JSON.stringify(problems));
    const client = new HeddleClient(url, token, new Map([...plans].map(([name, { hash }]) => [name, hash])));
    for (const { plan, hash } of plans.values()) await client.call('POST', '/plans', { plan, hash });
    return client;
  }

  async call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await fetch(`${this.url}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${this.token}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const json = await answer.json();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(json)}`);
    return json as T;
  }

  get plans(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.hashes);
  }
  async start(pipeline: string, params: Json): Promise<string> {
    const { runId } = await this.call<RunSummary>('POST', '/runs', { pipeline, planHash: this.hashes.get(pipeline), params, partition: null });
    return runId;
  }
  async wait(runId: string): Promise<RunSummary> {
    for (;;) {
      const run = await this.call<RunSummary>('GET', `/runs/${runId}/wait?timeoutMs=60000`);
      if (run.status !== 'running') return run;
    }
  }
  /** Start to result, the final record included. Throws when the run did not succeed. */
  async run(pipeline: string, params: Json): Promise<void> {
    const run = await this.wait(await this.start(pipeline, params));
    if (run.status !== 'done') throw new Error(`${pipeline} ended ${run.status}: ${run.failure}`);
  }
}
