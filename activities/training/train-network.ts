/**
 * Mini-batch Adam with early stop by validation, resumable after any batch: with the same seed a resumed training gives
 * the same bytes as an undisturbed one. Worker side; Adam as in Kingma and Ba, https://arxiv.org/abs/1412.6980.
 */
import { addGradient, forward, initNetwork, predict, standardised, type Network } from './network.ts';
import { epochOrder } from './seeded-order.ts';
import type { TrainingSet } from './training-set.ts';
import { auc } from './auc.ts';

export interface TrainOptions {
  readonly rate: number;
  readonly hidden: number;
  readonly seed: number;
  readonly epochs: number;
  readonly batch: number;
  /** Epochs without a better validation loss before it stops. */
  readonly patience: number;
}
/** Everything that the next batch needs, as JSON: doubles survive it exactly. */
export interface TrainState {
  /** Epochs that are done. */
  readonly epoch: number;
  /** Rows of the next epoch that are done, in its order, and the sum of their losses. */
  readonly rows: number;
  readonly lossSum: number;
  readonly weights: readonly number[];
  readonly m: readonly number[];
  readonly v: readonly number[];
  /** Adam's step. */
  readonly t: number;
  /** null before the first epoch has ended. */
  readonly best: { readonly epoch: number; readonly loss: number; readonly weights: readonly number[] } | null;
  readonly curve: readonly EpochResult[];
}
export interface EpochResult {
  readonly epoch: number;
  /** Mean log loss over the training rows, and over the validation rows. */
  readonly trainLoss: number;
  readonly loss: number;
  readonly rowsPerSecond: number;
}
export interface Trained {
  readonly network: Network;
  /** Of the best epoch, on the validation rows. */
  readonly auc: number;
  readonly loss: number;
  readonly epoch: number;
  readonly curve: readonly EpochResult[];
}
/** Within an epoch, now and then. */
export interface TrainProgress {
  readonly epoch: number;
  readonly rows: number;
  readonly of: number;
  /** Mean log loss over the rows so far. */
  readonly loss: number;
  readonly rowsPerSecond: number;
}
export interface TrainHooks {
  /** What an earlier attempt saved. */
  readonly resume?: TrainState | null;
  /** Called at the first breath, then after a batch when so much time has passed since the last one: a kill costs at most that. */
  readonly checkpoint?: { readonly everyMs: number; save(state: TrainState): Promise<void> };
  /** After each epoch. */
  onEpoch?(result: EpochResult): void;
  onProgress?(progress: TrainProgress): void;
  /** Between batches, so that heartbeats and a cancel get through; throws when cancelled. */
  breathe?(): Promise<void>;
}

const BETA1 = 0.9;
const BETA2 = 0.999;
const EPSILON = 1e-8;
/** Batches between two breaths: about 20 ms. */
const BREATHE_EVERY = 64;

export async function trainNetwork(train: TrainingSet, validation: TrainingSet, options: TrainOptions, hooks: TrainHooks = {}): Promise<Trained> {
  const network = initNetwork(train.x, train.features.length, options.hidden, options.seed);
  const { weights } = network;
  const m = new Float64Array(weights.length);
  const v = new Float64Array(weights.length);
  let state: TrainState = hooks.resume ?? {
    epoch: 0,
    rows: 0,
    lossSum: 0,
    weights: [...weights],
    m: [...m],
    v: [...v],
    t: 0,
    best: null,
    curve: [],
  };
  weights.set(state.weights);
  m.set(state.m);
  v.set(state.v);
  let { t } = state;
  let saved = -Infinity;
  const keep = async (made: () => TrainState): Promise<void> => {
    if (!hooks.checkpoint || performance.now() - saved < hooks.checkpoint.everyMs) return;
    await hooks.checkpoint.save(made());
    saved = performance.now();
  };

  while (state.epoch < options.epochs && state.epoch - (state.best?.epoch ?? 0) < options.patience) {
    const epoch = state.epoch + 1;
    const started = performance.now();
    const done = state.rows;
    const trainLoss = await runEpoch(epoch, started);
    const seconds = (performance.now() - started) / 1000;
    const loss = logLoss(predict(network, validation.x, validation.rows), validation.y);
    const better = !state.best || loss < state.best.loss;
    state = {
      epoch,
      rows: 0,
      lossSum: 0,
      weights: [...weights],
      m: [...m],
      v: [...v],
      t,
      best: better ? { epoch, loss, weights: [...weights] } : state.best,
      curve: [...state.curve, { epoch, trainLoss, loss, rowsPerSecond: Math.round((train.rows - done) / seconds) }],
    };
    hooks.onEpoch?.(state.curve.at(-1)!); // the one of the line above
    await keep(() => state);
  }
  const { best, curve } = state;
  if (!best) throw new Error('no epoch was asked for: epochs and patience should be at least 1');
  weights.set(best.weights);
  return { network, auc: auc(predict(network, validation.x, validation.rows), validation.y), loss: best.loss, epoch: best.epoch, curve };

  async function runEpoch(epoch: number, started: number): Promise<number> {
    const order = epochOrder(train.rows, options.seed, epoch);
    const row = new Float64Array(network.inputs);
    const units = new Float64Array(network.hidden);
    const gradient = new Float64Array(weights.length);
    const from = state.rows;
    let loss = state.lossSum;
    for (let first = from, batches = 1; first < train.rows; first += options.batch, batches++) {
      const end = Math.min(train.rows, first + options.batch);
      gradient.fill(0);
      for (let i = first; i < end; i++) {
        const r = order[i]!;
        const p = forward(network, standardised(network, train.x, r, row), units);
        loss += rowLoss(p, train.y[r]!);
        addGradient(network, row, units, p - train.y[r]!, gradient);
      }
      adam(gradient, end - first);
      const lossSum = loss;
      if (end < train.rows) await keep(() => ({ ...state, rows: end, lossSum, weights: [...weights], m: [...m], v: [...v], t }));
      if (batches % BREATHE_EVERY !== 0) continue;
      hooks.onProgress?.({
        epoch,
        rows: end,
        of: train.rows,
        loss: loss / end,
        rowsPerSecond: Math.round((1000 * (end - from)) / (performance.now() - started)),
      });
      await hooks.breathe?.();
    }
    return loss / train.rows;
  }

  function adam(gradient: Float64Array, rows: number): void {
    t++;
    const correct1 = 1 - BETA1 ** t;
    const correct2 = 1 - BETA2 ** t;
    for (let i = 0; i < weights.length; i++) {
      const g = gradient[i]! / rows;
      m[i] = BETA1 * m[i]! + (1 - BETA1) * g;
      v[i] = BETA2 * v[i]! + (1 - BETA2) * g * g;
      weights[i]! -= (options.rate * (m[i]! / correct1)) / (Math.sqrt(v[i]! / correct2) + EPSILON);
    }
  }
}

const rowLoss = (p: number, y: number): number => -Math.log(Math.max(1e-12, y === 1 ? p : 1 - p));
function logLoss(p: Float64Array, y: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < p.length; i++) sum += rowLoss(p[i]!, y[i]!);
  return sum / p.length;
}
