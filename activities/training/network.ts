/**
 * The model: logistic regression (hidden 0) or one hidden layer of ReLUs, with its standardisation inside. Weights are one
 * Float64Array: [w1 (inputs x hidden), b1 (hidden), w2 (hidden), b2], or [w (inputs), b]. Pure; worker side.
 */
import { seededRandom } from './seeded-order.ts';

export interface Network {
  readonly inputs: number;
  /** Units of the hidden layer; 0: logistic regression. */
  readonly hidden: number;
  readonly weights: Float64Array;
  /** Of each input over the training rows. */
  readonly mean: Float64Array;
  readonly std: Float64Array;
}

export const weightCount = (inputs: number, hidden: number): number => (hidden === 0 ? inputs + 1 : inputs * hidden + 2 * hidden + 1);

/** Means and deviations of `x` (rows x inputs), and first weights from the seed (He's initialisation). */
export function initNetwork(x: Float32Array, inputs: number, hidden: number, seed: number): Network {
  const rows = x.length / inputs;
  const mean = new Float64Array(inputs);
  const std = new Float64Array(inputs);
  for (let i = 0; i < x.length; i++) mean[i % inputs]! += x[i]! / rows;
  for (let i = 0; i < x.length; i++) std[i % inputs]! += (x[i]! - mean[i % inputs]!) ** 2 / rows;
  for (let f = 0; f < inputs; f++) std[f] = Math.sqrt(std[f]!) || 1; // a constant input stays 0
  const weights = new Float64Array(weightCount(inputs, hidden));
  if (hidden > 0) {
    const random = seededRandom(seed);
    const scale = Math.sqrt(2 / inputs);
    for (let i = 0; i < inputs * hidden; i++) weights[i] = (random() * 2 - 1) * scale * Math.sqrt(3);
    for (let h = 0; h < hidden; h++) weights[inputs * hidden + hidden + h] = (random() * 2 - 1) / Math.sqrt(hidden);
  }
  return { inputs, hidden, weights, mean, std };
}

/** Probabilities for `rows` rows of x. */
export function predict(network: Network, x: Float32Array, rows: number): Float64Array {
  const out = new Float64Array(rows);
  const row = new Float64Array(network.inputs);
  const units = new Float64Array(network.hidden);
  for (let r = 0; r < rows; r++) out[r] = forward(network, standardised(network, x, r, row), units);
  return out;
}

/** Row r of x, standardised, into `row`. */
export function standardised({ inputs, mean, std }: Network, x: Float32Array, r: number, row: Float64Array): Float64Array {
  for (let f = 0; f < inputs; f++) row[f] = (x[r * inputs + f]! - mean[f]!) / std[f]!;
  return row;
}

/** One standardised row -> probability; `units` receives the hidden activations. */
export function forward({ inputs, hidden, weights }: Network, row: Float64Array, units: Float64Array): number {
  let z: number;
  if (hidden === 0) {
    z = weights[inputs]!;
    for (let f = 0; f < inputs; f++) z += weights[f]! * row[f]!;
  } else {
    const b1 = inputs * hidden;
    const w2 = b1 + hidden;
    z = weights[w2 + hidden]!;
    for (let h = 0; h < hidden; h++) {
      let a = weights[b1 + h]!;
      for (let f = 0; f < inputs; f++) a += weights[f * hidden + h]! * row[f]!;
      if (a < 0) a = 0;
      units[h] = a;
      z += weights[w2 + h]! * a;
    }
  }
  return 1 / (1 + Math.exp(-z));
}

/** Adds the gradient of one row's log loss. `error` = probability - label. */
export function addGradient({ inputs, hidden, weights }: Network, row: Float64Array, units: Float64Array, error: number, gradient: Float64Array): void {
  if (hidden === 0) {
    for (let f = 0; f < inputs; f++) gradient[f]! += error * row[f]!;
    gradient[inputs]! += error;
    return;
  }
  const b1 = inputs * hidden;
  const w2 = b1 + hidden;
  gradient[w2 + hidden]! += error;
  for (let h = 0; h < hidden; h++) {
    if (units[h]! <= 0) continue;
    gradient[w2 + h]! += error * units[h]!;
    const back = error * weights[w2 + h]!;
    gradient[b1 + h]! += back;
    for (let f = 0; f < inputs; f++) gradient[f * hidden + h]! += back * row[f]!;
  }
}
