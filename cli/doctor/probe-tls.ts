/** The certificates that the configuration names: can they be used, and until when? */
import type { ResolvedConfig } from '../../config/resolved-config.ts';
import { certificateEnd, readPem } from '../../workers/tls-files.ts';
import { bad, ok, reason, warn, type Check } from './check.ts';

const DAY = 24 * 3_600_000;
const SOON_DAYS = 21;

export function probeTls({ server, temporal }: ResolvedConfig, now = Date.now()): Check[] {
  const certificates: readonly (readonly [string, string | undefined])[] = [
    ['server.tls.cert', server.tls?.cert],
    ['temporal.tls.ca', temporal.tls?.ca],
    ['temporal.tls.cert', temporal.tls?.cert],
  ];
  const keys: readonly (readonly [string, string | undefined])[] = [
    ['server.tls.key', server.tls?.key],
    ['temporal.tls.key', temporal.tls?.key],
  ];
  return [
    ...certificates.flatMap(([where, file]) => (file === undefined ? [] : [probeCertificate(where, file, now)])),
    ...keys.flatMap(([where, file]) => (file === undefined ? [] : probeKey(where, file))),
  ];
}

function probeCertificate(where: string, file: string, now: number): Check {
  try {
    const end = certificateEnd(file, where);
    const days = Math.floor((end - now) / DAY);
    const detail = `${file}, until ${new Date(end).toISOString().slice(0, 10)}`;
    if (days < 0) return bad(where, `${detail}: it has ended`, 'Put a new one there, and restart the process.');
    return days < SOON_DAYS ? warn(where, `${detail}: ${days} days`, 'Put a new one there in time, and restart the process.') : ok(where, detail);
  } catch (error) {
    return bad(where, reason(error), `Correct ${where} in heddle.config.ts.`);
  }
}

/** Silent where it can be used. */
function probeKey(where: string, file: string): Check[] {
  try {
    readPem(file, 'key', where);
    return [];
  } catch (error) {
    return [bad(where, reason(error), `Correct ${where} in heddle.config.ts.`)];
  }
}
