/** From what the clients of the caches throw to coded errors: full, unreachable, refused. Worker side. */
import { HeddleError, isHeddleError } from '../../dsl/errors/heddle-error.ts';

const textOf = (error: unknown): string => (error instanceof Error ? (error.message.split('\n', 1)[0] ?? '') : String(error));

const FULL = /OOM command not allowed|No space left on device|File too large|MDB_MAP_FULL|disk usage exceeds|ENOSPC|EFBIG|EDQUOT/i;
const REFUSED = /NOAUTH|WRONGPASS|NOPERM|READONLY|invalid password|Unauthorized|unauthenticated|AuthenticationError|Bad credentials|permission/i;

/** `where`: the cache, without passwords. */
export function cacheError(error: unknown, where: string, doing: string): HeddleError {
  if (isHeddleError(error)) return error;
  const text = textOf(error);
  if (FULL.test(text))
    return new HeddleError('HDL-CACHE-FULL', {
      what: `The cache has no room left while ${doing}: ${text}`,
      where,
      why: 'The version that is served is untouched; the new one is not complete and will not be served.',
    });
  if (REFUSED.test(text)) return new HeddleError('HDL-CACHE-REFUSED', { what: `The cache refused ${doing}: ${text}`, where });
  return new HeddleError('HDL-CACHE-UNREACHABLE', { what: `The cache did not answer ${doing}: ${text}`, where, cause: error });
}
