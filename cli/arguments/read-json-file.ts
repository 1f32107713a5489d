/** A JSON file that the user named, or '-' for stdin. */
import { readFileSync } from 'node:fs';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import type { Json } from '../../dsl/plan/types.ts';

/** Throws HDL-USAGE where it cannot be read, HDL-BAD-PARAMS where it is no JSON. */
export function readJsonFile(file: string): Json {
  let text: string;
  try {
    text = readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw new HeddleError('HDL-USAGE', { what: `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}.`, cause: error });
  }
  return parseJson(text, file);
}

/** `where` names the file or option in the message. */
export function parseJson(text: string, where: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    const position = /position (\d+)/.exec(said)?.[1];
    const before = position === undefined ? null : text.slice(0, Number(position)).split('\n');
    throw new HeddleError('HDL-BAD-PARAMS', {
      what: `The JSON is invalid: ${said}.`,
      where: before ? `${where}:${before.length}:${(before.at(-1)?.length ?? 0) + 1}` : where,
      fix: 'Mend the JSON at that place.',
      cause: error,
    });
  }
}
