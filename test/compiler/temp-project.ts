/** A project in a temporary folder, with this repository as its `heddle`. For the tests of the compiler. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ResolvedConfig } from '../../config/resolved-config.ts';

const repository = join(import.meta.dirname, '..', '..');

export interface TempProject extends Disposable {
  readonly folder: string;
  readonly config: Pick<ResolvedConfig, 'folder' | 'file' | 'stateFolder' | 'pipelines' | 'pools'>;
  write(file: string, text: string): void;
}

export function tempProject(files: Readonly<Record<string, string>>): TempProject {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'heddle-compiler-')));
  const write = (file: string, text: string): void => {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  };
  mkdirSync(join(folder, 'node_modules', '@types'), { recursive: true });
  symlinkSync(repository, join(folder, 'node_modules', 'heddle'));
  symlinkSync(join(repository, 'node_modules', '@types', 'node'), join(folder, 'node_modules', '@types', 'node'));
  write('package.json', '{ "type": "module" }');
  for (const [file, text] of Object.entries(files)) write(file, text);
  return {
    folder,
    write,
    config: { folder, file: null, stateFolder: join(folder, '.heddle'), pipelines: ['pipelines/**/*.ts'], pools: { default: { classes: { small: {} } } } },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** A file with one task and one pipeline. */
export const tiny = (name: string, body = 'add({ n: 1 });'): string => `
import { pipeline, task, z } from 'heddle';
export const add = task({ name: '${name}.add', version: '1', input: z.object({ n: z.number() }), output: z.object({ n: z.number() }), run: async ({ n }) => ({ n: n + 1 }) });
export const it = pipeline({ name: '${name}' }, () => { ${body} });
`;
