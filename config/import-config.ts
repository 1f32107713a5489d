/** Imports heddle.config.ts as it is (Node strips its types) and gives what it exports by default. */
import { existsSync, statSync } from 'node:fs';
import { extname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { HeddleError } from '../dsl/errors/heddle-error.ts';

/** Throws HDL-NO-CONFIG, or HDL-CONFIG-LOAD with the file's own error; a changed file is read anew. */
export async function importConfig(file: string): Promise<unknown> {
  if (!existsSync(file)) throw new HeddleError('HDL-NO-CONFIG', { what: `There is no ${file}.` });
  let loaded: { readonly default?: unknown };
  try {
    loaded = (await import(`${pathToFileURL(file).href}?changed=${statSync(file).mtimeMs}${extname(file)}`)) as { default?: unknown }; // any module may lack a default
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const missing = /Cannot find package 'heddle'/.test(message);
    throw new HeddleError('HDL-CONFIG-LOAD', {
      what: `The configuration cannot be loaded: ${(message.split('\n', 1)[0] ?? '').replace(/\.$/, '')}.`,
      where: placeOf(error, file),
      fix: missing ? `Install the project's packages first: npm install (in the folder of ${file}).` : undefined,
      cause: error,
    });
  }
  if (loaded.default === undefined) {
    throw new HeddleError('HDL-CONFIG-LOAD', {
      what: 'The configuration has no default export.',
      where: file,
      fix: 'Write: export default defineConfig({ ... })',
    });
  }
  return loaded.default;
}

/** The file and line where it broke, from the first lines of a syntax error's stack or from its frames. */
function placeOf(error: unknown, file: string): string {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  const line = new RegExp(`${file.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?:\\?changed=[\\w.]+)?:(\\d+)`).exec(stack)?.[1];
  return line === undefined ? file : `${file}:${line}`;
}
