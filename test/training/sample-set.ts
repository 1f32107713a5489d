/** A made-up training set whose labels depend on its first two features. */
import { seededRandom } from '../../activities/training/seeded-order.ts';
import type { TrainingSet } from '../../activities/training/training-set.ts';

export function sampleSet(rows: number, seed: number, options: { shuffled?: boolean } = {}): TrainingSet {
  const random = seededRandom(seed);
  const features = ['a', 'b', 'logDistance'];
  const x = new Float32Array(rows * 3);
  const y = new Uint8Array(rows);
  for (let i = 0; i < rows; i++) {
    x[i * 3] = random() * 10;
    x[i * 3 + 1] = random() - 0.5;
    x[i * 3 + 2] = 4 + random() * 4;
    const z = 0.4 * (x[i * 3]! - 5) + 3 * x[i * 3 + 1]! - 1;
    y[i] = random() < (options.shuffled ? 0.3 : 1 / (1 + Math.exp(-z))) ? 1 : 0;
  }
  const at = Int32Array.from({ length: rows }, (_, i) => 980_000_000 + i * 60);
  return { rows, features, x, y, at, origin: Uint16Array.from({ length: rows }, (_, i) => i % 3), origins: ['ATL', 'DEN', 'ORD'] };
}
