/** The folder of a step, in the store and in the server's logs: one name for a whole path. Whoever builds such an address imports this. */
import { sha256Hex } from './digest.ts';

const LONGEST = 200;
const DIGEST = 16;

/** No separators, never '.' or '..'. A long path is cut, and a digest keeps it apart from those that begin alike. */
export function stepFolder(step: string): string {
  const name = encodeURIComponent(step)
    .replaceAll('*', '%2A')
    .replace(/^\.+/, (dots) => '%2E'.repeat(dots.length));
  if (name.length <= LONGEST) return name || '_';
  return `${name.slice(0, LONGEST - DIGEST - 1)}~${sha256Hex(step).slice(0, DIGEST)}`;
}
