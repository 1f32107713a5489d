/** Feature rows -> probabilities, by the process's scorer. Worker side. */
import { localScorer } from './local-scorer.ts';
import type { ScoringModel } from './scorer.ts';

/** `x`: rows x inputs. Between batches `breathe` is called, and throws when the step is cancelled. Throws HDL-MODEL-INPUT, HDL-SCORE-MEMORY. */
export const scoreMatrix = (model: ScoringModel, x: Float32Array, inputs: number, breathe?: () => Promise<void>): Promise<Float32Array> =>
  localScorer().score(model, x, inputs, breathe);
