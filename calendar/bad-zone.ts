/** Names of time zones: those of the IANA list, as this machine's time zone data hold them. Calendar, command line; never the sandbox. */
import { IANAZone } from 'luxon';

/** A sentence about a name that is no time zone, else null. */
export function badZone(timezone: string): string | null {
  if (!/^[+-]/.test(timezone) && IANAZone.isValidZone(timezone)) return null;
  const near = nearZone(timezone);
  return `"${timezone}" is no time zone of the IANA list${near === undefined ? ', such as Europe/Berlin or UTC.' : `; did you mean "${near}"?`}`;
}

/** The zone that differs in case and separators only, or else one of that city. */
function nearZone(text: string): string | undefined {
  const plain = (name: string): string => name.toLowerCase().replaceAll(/[^a-z/]/g, '');
  const zones = Intl.supportedValuesOf('timeZone');
  const wanted = plain(text);
  if (wanted === '') return undefined;
  const city = wanted.split('/').at(-1);
  return zones.find((zone) => plain(zone) === wanted) ?? zones.find((zone) => plain(zone).split('/').at(-1) === city);
}
