/**
 * The steps of flights.prewarm one by one on a real cache, with a real ONNX model, so that a test can do harm between any two of
 * them. Counts are made up; artifacts are in memory.
 */
import type { TaskContext } from '../../dsl/index.ts';
import { FEATURES } from '../../activities/flights/feature-vector.ts';
import type { RouteRow } from '../../activities/flights/route-table.ts';
import { exportOnnx } from '../../activities/training/onnx-export.ts';
import { diff, planWrites, rank } from '../../pipelines/prewarm/plan.ts';
import { rewriteChanged } from '../../pipelines/prewarm/rewind.ts';
import { reclaim, rollback, swap, watch } from '../../pipelines/prewarm/serve.ts';
import { preflight } from '../../pipelines/prewarm/universe.ts';
import { verify } from '../../pipelines/prewarm/verify.ts';
import { warmShard } from '../../pipelines/prewarm/warm.ts';

export const ROUTES = 12;
export const KEYS = ROUTES * 168;

/** `late`: what all rates are. */
export const routesOf = (late: number, names: readonly string[] = NAMES): RouteRow[] =>
  names.map((route, i) => ({
    route,
    distance: 500 + 10 * i,
    flights: 10 + i,
    rates: { origin7: late, origin28: late, destination7: late, destination28: late, route7: late, route28: late },
  }));
export const NAMES = Array.from({ length: ROUTES }, (_, i) => `A${String(i).padStart(2, '0')}-ORD`);

/** A logistic regression that adds `weight` times each rate. */
function modelFiles(weight: number): Record<'model.onnx' | 'meta.json', Uint8Array> {
  const inputs = FEATURES.length;
  const weights = new Float64Array(inputs + 1);
  weights.fill(weight, 5, 11);
  const onnx = exportOnnx({ inputs, hidden: 0, weights, mean: new Float64Array(inputs), std: new Float64Array(inputs).fill(1) });
  const profile = Object.fromEntries(
    FEATURES.map((name) => [name, name.endsWith('7') || name.endsWith('28') ? { min: 0, max: 1, mean: 0.2 } : { min: -10, max: 10, mean: 0 }]),
  );
  return { 'model.onnx': onnx, 'meta.json': new TextEncoder().encode(JSON.stringify({ format: 1, features: FEATURES, profile })) };
}

export class PrewarmSteps {
  readonly files = new Map<string, Uint8Array>();
  readonly logs: string[] = [];
  readonly model;
  private readonly cache: string;
  private readonly namespace: string;
  private readonly runId: string;

  /** `run`: its last letters name the version. */
  constructor(cache: string, namespace: string, run: string, weight = 0.5) {
    this.cache = cache;
    this.namespace = namespace;
    this.runId = `01TESTRUN00000000${run}`;
    this.model = { kind: 'model', name: 'flights.delay', version: '4', uri: 'memory://model', digest: 'd4' } as never as Parameters<
      typeof swap.run
    >[0]['model']; // a handle's phantom exists in types only
    this.deployModel(weight);
  }

  deployModel(weight: number): void {
    for (const [name, bytes] of Object.entries(modelFiles(weight))) this.files.set(`memory://model/${name}`, bytes);
  }

  ctx(step: string): Partial<TaskContext<never>> {
    const log = (level: string) => (text: string) => void this.logs.push(`${level} ${step}: ${text}`);
    return {
      artifact: async (name, content) => this.file(`${step}/${name}`, content as string | Uint8Array),
      readArtifact: async (from) => {
        const uri = typeof from === 'string' ? from : from.uri;
        const found = this.files.get(uri);
        if (!found) throw new Error(`no file ${uri}`);
        return found;
      },
      log: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
      secret: async () => '',
      runId: this.runId,
      step,
      partition: '2001-03-08',
      idempotencyKey: `${this.runId}/${step}`,
    };
  }
  file(name: string, content: string | Uint8Array): { uri: string; digest: string; bytes: number } {
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
    this.files.set(`memory://${name}`, bytes);
    return { uri: `memory://${name}`, digest: Buffer.from(bytes).toString('base64url').slice(-20), bytes: bytes.length };
  }

  private readonly history = { kind: 'slice', dataset: 'flights.counts', uri: 'memory:', digest: 's', rows: 28 * ROUTES, bytes: 0, partitions: [] } as never; // a handle
  async preflight() {
    return preflight.run({ cache: this.cache, namespace: this.namespace, model: this.model, history: this.history }, this.ctx('preflight'));
  }

  /** Up to and with the writing. */
  async write(routes: readonly RouteRow[] = routesOf(0.2), p99Ms = 500, maxRate = 1e6) {
    const { target } = await this.preflight();
    const universe = this.file('routes.json', JSON.stringify(routes));
    const found = await diff.run({ routes: universe, model: this.model, target }, this.ctx('diff'));
    const ranked = await rank.run({ routes: universe }, this.ctx('rank'));
    const plan = await planWrites.run({ target, keys: routes.length * 168, hot: ranked.hot, parallel: 1, maxRate, p99Ms }, this.ctx('plan'));
    const written = [];
    for (const shard of ranked.shards)
      written.push(
        await warmShard.run(
          { shard, routes: ranked.ranked, unchanged: found.unchanged, model: this.model, target, pace: plan.pace, hot: ranked.hot },
          this.ctx(`warm-${shard.id}`),
        ),
      );
    return { target, universe, found, ranked, plan, written };
  }
  verify({ target, universe, written }: Awaited<ReturnType<PrewarmSteps['write']>>, goal = 0.99) {
    return verify.run({ routes: universe, model: this.model, target, written, goal }, this.ctx('verify'));
  }
  rewind({ target, universe }: Awaited<ReturnType<PrewarmSteps['write']>>, routes: readonly RouteRow[]) {
    return rewriteChanged.run({ before: universe, after: this.file('routes-now.json', JSON.stringify(routes)), model: this.model, target }, this.ctx('rewind'));
  }
  swap({ target }: Pick<Awaited<ReturnType<PrewarmSteps['write']>>, 'target'>, current: PrewarmSteps['model'] | null = null) {
    return swap.run({ target, model: this.model, current }, this.ctx('swap'));
  }
  watch({ target, ranked }: Awaited<ReturnType<PrewarmSteps['write']>>, seconds = 0.3, p99Ms = 500) {
    return watch.run({ target, hot: ranked.hot, seconds, hits: 0.99, p99Ms }, this.ctx('watch'));
  }
  rollback({ target, ranked }: Awaited<ReturnType<PrewarmSteps['write']>>, reason: string | null) {
    return rollback.run({ target, hot: ranked.hot, hits: 0.99, reason }, this.ctx('rollback'));
  }
  reclaim({ target }: Awaited<ReturnType<PrewarmSteps['write']>>, windowS: number) {
    return reclaim.run({ target, windowS }, this.ctx('reclaim'));
  }
  /** Written, verified and served. */
  async serve(routes?: readonly RouteRow[]) {
    const state = await this.write(routes);
    await this.verify(state);
    await this.swap(state);
    return state;
  }
}
