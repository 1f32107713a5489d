/**
 * Exported models against onnx.checker. The digests of what it was content with are in onnx-checked.json: where there is no
 * Python a changed export still shows. `HEDDLE_UPDATE_ONNX=1 vitest run test/training/onnx-checker` checks and writes them.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { initNetwork, type Network } from '../../activities/training/network.ts';
import { exportOnnx } from '../../activities/training/onnx-export.ts';
import { sha256Hex } from '../../storage/digest.ts';
import { checkOnnx, onnxCheckerMissing } from '../real-parts/onnx-checker.ts';

const fixture = fileURLToPath(new URL('./onnx-checked.json', import.meta.url));
interface Checked {
  readonly checker: string;
  readonly digests: Readonly<Record<string, string>>;
}
/** Exact in binary, so that the bytes are the same on every machine. */
function network(inputs: number, hidden: number): Network {
  const made = initNetwork(new Float32Array(inputs * 2), inputs, hidden, 1);
  made.weights.forEach((_, i) => (made.weights[i] = ((i * 7) % 16) / 16 - 0.5));
  return { ...made, mean: made.mean.map((_, i) => i / 4), std: made.std.map((_, i) => 2 ** (i % 3)) };
}
const cases = [
  ['11 inputs, no hidden units', network(11, 0)],
  ['11 inputs, 8 hidden units', network(11, 8)],
  ['1 input, 1 hidden unit', network(1, 1)],
  ['300 inputs, 64 hidden units', network(300, 64)],
] as const;
const missing = onnxCheckerMissing();

describe('an exported model', () => {
  it.skipIf(missing !== null)(`passes onnx.checker in full, and a broken one does not${missing === null ? '' : ` (${missing})`}`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'heddle-onnx-'));
    try {
      const files = cases.map(([name, model]) => {
        const file = join(folder, `${name}.onnx`);
        writeFileSync(file, exportOnnx(model));
        return file;
      });
      const broken = join(folder, 'broken.onnx');
      writeFileSync(
        broken,
        Buffer.from(
          Buffer.from(exportOnnx(network(3, 2)))
            .toString('latin1')
            .replace('Sigmoid', 'Sigmoyd'),
          'latin1',
        ),
      );
      const { version, complaints } = checkOnnx([...files, broken]);
      expect(complaints).toEqual([...cases.map(() => ''), expect.stringContaining('Sigmoyd')]);
      const digests = Object.fromEntries(cases.map(([name, model]) => [name, sha256Hex(exportOnnx(model))]));
      if (process.env['HEDDLE_UPDATE_ONNX'] === '1')
        writeFileSync(fixture, `${JSON.stringify({ checker: `onnx ${version}`, digests } satisfies Checked, null, 2)}\n`);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it.each(cases)('with %s is byte by byte what onnx.checker was content with', (name, model) => {
    const { digests } = JSON.parse(readFileSync(fixture, 'utf8')) as Checked;
    expect(sha256Hex(exportOnnx(model)), 'the export has changed: check it anew with HEDDLE_UPDATE_ONNX=1').toBe(digests[name]);
  });
});
