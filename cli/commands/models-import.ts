/** `heddle models import`: registers an ONNX file from elsewhere, after its digest and a parity sample were checked here. */
import { defineCommand } from '../define-command.ts';

interface Options {
  readonly name: string;
  readonly digest?: string;
  readonly sample: string;
  readonly tolerance: number;
  readonly meta?: string;
  readonly note?: string;
}

export const modelsImportCommand = defineCommand<Options, [string]>({
  usage: 'models import <file>',
  summary: 'register an ONNX file that was trained elsewhere, if it gives what its sample says',
  group: 'Operate',
  examples: [
    ['heddle models import delay.onnx --name flights.delay --sample sample.json', 'inputs with expected outputs'],
    ['heddle models import delay.onnx --name flights.delay --sample sample.json --digest sha256:9f2c...', 'and only this very file'],
  ],
  options: (command) =>
    command
      .requiredOption('--name <model>', 'the model that gets the version')
      .requiredOption('--sample <file>', 'JSON: { "inputs": [[...], ...], "expected": [...] }')
      .option('--digest <sha256>', 'what the file must be')
      .option('--tolerance <number>', 'largest difference of an output', Number, 1e-5)
      .option('--meta <file>', 'meta.json for scoring: features in the order of the input, ranges')
      .option('--note <text>', 'where it comes from; kept with the version'),
  async run({ output, client: connect }, { name, digest, sample, tolerance, meta, note }, file) {
    const [{ readFileSync }, { checkImport }, { readJsonFile }, { HeddleError }] = await Promise.all([
      import('node:fs'),
      import('../models/check-import.ts'),
      import('../arguments/read-json-file.ts'),
      import('../../dsl/errors/heddle-error.ts'),
    ]);
    if (!(tolerance >= 0)) throw new HeddleError('HDL-USAGE', { what: '--tolerance should be a number that is not negative.' });
    let bytes: Uint8Array;
    try {
      bytes = readFileSync(file);
    } catch (error) {
      throw new HeddleError('HDL-USAGE', { what: `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}.`, cause: error });
    }
    const checked = await checkImport({ file, bytes, digest, sample: readJsonFile(sample), tolerance });
    const client = await connect();
    const version = await client.importModel(name, {
      onnx: Buffer.from(bytes).toString('base64'),
      digest: checked.digest,
      meta: meta === undefined ? null : readJsonFile(meta),
      parity: checked.parity,
      ...(note !== undefined && { note }),
    });
    output.document(version);
    output.line(`${name}@${version.version} is ${file}; ${checked.parity.rows} sample rows, at most ${checked.parity.worst.toExponential(1)} off`);
  },
});
