/** Models by digest in the process's scorer, kept for the life of the worker. Worker side. */
import { localScorer } from './local-scorer.ts';
import type { ScoringModel } from './scorer.ts';

/** `load` gives the bytes of model.onnx; it is called once a digest. Throws HDL-ONNX-INVALID, HDL-ONNX-OPERATOR, HDL-MODEL-INPUT. */
export const onnxSession = (digest: string, load: () => Promise<Uint8Array>): Promise<ScoringModel> => localScorer().open(digest, load);
