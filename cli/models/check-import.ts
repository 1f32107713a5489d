/** What must hold before an outside ONNX file is registered: its digest, and a sample of inputs with their outputs. Command line. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';

/** rows x inputs, and an output a row. */
const Sample = z.object({ inputs: z.array(z.array(z.number()).min(1)).min(1), expected: z.array(z.number()).min(1) });

export interface Checked {
  readonly digest: string;
  readonly parity: { readonly rows: number; readonly worst: number; readonly tolerance: number; readonly input: string; readonly output: string };
}

/** Throws HDL-MODEL-FILE, HDL-MODEL-PARITY. */
export async function checkImport(given: {
  readonly file: string;
  readonly bytes: Uint8Array;
  readonly digest: string | undefined;
  readonly sample: unknown;
  readonly tolerance: number;
}): Promise<Checked> {
  const { file, bytes, tolerance } = given;
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  if (given.digest !== undefined && given.digest.replace(/^(sha256:)?/, 'sha256:').toLowerCase() !== digest)
    throw new HeddleError('HDL-MODEL-FILE', { what: `${file} is another file: its digest is ${digest}, and ${given.digest} was expected.` });
  const sample = Sample.safeParse(given.sample);
  const width = sample.data?.inputs[0]?.length ?? 0;
  if (!sample.success || sample.data.inputs.length !== sample.data.expected.length || sample.data.inputs.some((row) => row.length !== width))
    throw new HeddleError('HDL-MODEL-PARITY', {
      what: 'The sample is none: it should be { "inputs": [[number, ...], ...], "expected": [number, ...] }, with one expected value a row, and rows of one length.',
    });
  const { inputs, expected } = sample.data;
  const { input, output, values } = await outputsOf(file, bytes, inputs);
  let worst = 0;
  let at = -1;
  for (const [row, value] of expected.entries()) {
    const off = Math.abs((values[row] ?? Number.NaN) - value);
    if (off <= worst) continue; // what is no number is never within
    worst = off;
    at = row;
    if (Number.isNaN(off)) break;
  }
  if (!(worst <= tolerance))
    throw new HeddleError('HDL-MODEL-PARITY', {
      what: `${file} gives ${values[at]} for row ${at} of the sample, and ${expected[at]} was expected: ${worst} off, where ${tolerance} is allowed.`,
      why: 'It is not the model that the sample was taken from, or this runtime computes it differently.',
    });
  return { digest, parity: { rows: expected.length, worst, tolerance, input, output } };
}

async function outputsOf(file: string, bytes: Uint8Array, rows: readonly (readonly number[])[]) {
  const { InferenceSession, Tensor } = await import('onnxruntime-node');
  const width = rows[0]?.length ?? 0;
  try {
    const session = await InferenceSession.create(bytes, { intraOpNumThreads: 1, logSeverityLevel: 3 });
    const [input = '', ...more] = session.inputNames;
    const [output = ''] = session.outputNames;
    if (more.length > 0) throw new Error(`it has ${more.length + 1} inputs (${session.inputNames.join(', ')}), and a scorer gives it one`);
    const result = await session.run({ [input]: new Tensor('float32', Float32Array.from(rows.flat()), [rows.length, width]) });
    const data = result[output]?.data;
    if (!(data instanceof Float32Array)) throw new Error(`its output ${output} is no list of floats`);
    return { input, output, values: [...data] };
  } catch (error) {
    throw new HeddleError('HDL-MODEL-PARITY', {
      what: `${file} does not run on the sample: ${error instanceof Error ? error.message.split('\n', 1)[0] : String(error)}.`,
      cause: error,
    });
  }
}
