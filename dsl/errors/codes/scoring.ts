/** Error codes: scoring. Composed into ../registry.ts; each has a page in docs/errors/. */
import type { CodeEntry } from '../registry.ts';

export const scoringCodes = {
  'HDL-ONNX-INVALID': { title: 'A model file is no ONNX model', fix: 'Export the model again, or register the right file.', exit: 1 },
  'HDL-ONNX-OPERATOR': {
    title: 'A model uses an operator that ONNX Runtime does not have',
    fix: 'Export the model with operators of a standard opset, or update onnxruntime-node.',
    exit: 1,
  },
  'HDL-MODEL-INPUT': {
    title: 'What a model takes or gives does not fit what is to be scored',
    fix: 'Score with the model that was trained on these features, or train it again.',
    exit: 1,
  },
  'HDL-SCORE-MEMORY': {
    title: 'Even the smallest batch does not fit into memory',
    fix: 'Give the worker more memory or fewer threads, or use a smaller model.',
    exit: 1,
  },
  'HDL-QUARANTINE': {
    title: 'Too many rows cannot be scored',
    fix: 'Look at the columns that the message names, and at who wrote the partition; or allow more by `tolerate`.',
    exit: 1,
  },
  'HDL-ROWS-LOST': {
    title: 'Rows in are not rows out',
    fix: 'Run the step again; if it comes back, keep the run and report it as a mistake of Heddle.',
    exit: 1,
  },
  'HDL-SHIFTED': {
    title: 'The day to be scored is unlike what the model knows',
    fix: "Look at the columns that the message names; score all the same with onShift: 'warn', or train again.",
    exit: 1,
  },
} as const satisfies Record<string, CodeEntry>;
