/** Prints an error in its four parts: what, where, why, what to do. One that is not ours is shown with its stack. */
import { isHeddleError, pageOf } from '../dsl/errors/heddle-error.ts';
import type { Output } from './output.ts';

export function showError(output: Output, error: unknown): void {
  if (!isHeddleError(error)) {
    output.document({ error: { code: null, what: error instanceof Error ? error.message : String(error) } });
    output.note(error instanceof Error ? (error.stack ?? error.message) : String(error));
    return;
  }
  output.document({ error: { code: error.code, what: error.what, where: error.where, why: error.why, fix: error.fix, page: pageOf(error.code) } });
  const { style } = output;
  output.note(`${style(['red', 'bold'], error.code)}: ${error.what}`);
  if (error.where) output.note(`  ${style('dim', 'where:')} ${error.where}`);
  if (error.why) output.note(`  ${style('dim', 'why:')} ${error.why}`);
  output.note(`  ${style('dim', 'do:')} ${error.fix}`);
  output.note(`  ${style('dim', `more: ${pageOf(error.code)}`)}`);
}
