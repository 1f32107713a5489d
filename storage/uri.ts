/**
 * Addresses in the store. store://a/b% is literal: each part between slashes is the name of a file or folder. Absolute
 * addresses (file:///a/b%25, hdfs://...) are percent-encoded. Pure; whoever builds an address imports this.
 */
import { HeddleError } from '../dsl/errors/heddle-error.ts';

export interface Address {
  readonly scheme: string;
  /** Host of hdfs://host/...; '' for local files and store://. */
  readonly authority: string;
  /** Decoded names, outermost first. */
  readonly names: readonly string[];
}

/** Throws HDL-BAD-URI for what is no address, and for a name that leads elsewhere ('..', '.'). */
export function parseUri(uri: string): Address {
  const [, scheme, rest] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/s.exec(uri) ?? [];
  if (scheme === undefined || rest === undefined)
    throw bad(uri, 'is no address.', 'Write store://folder/file, or an absolute one such as file:///folder/file.');
  const slash = rest.indexOf('/');
  const literal = scheme === 'store';
  const authority = literal ? '' : slash < 0 ? rest : rest.slice(0, slash);
  const path = literal ? rest : slash < 0 ? '' : rest.slice(slash + 1);
  const names = path
    .split('/')
    .filter((part) => part !== '')
    .map((part) => {
      const name = literal ? part : decoded(part, uri);
      // the encoded dots too: a server may decode them once more
      if (/^(\.|%2e){1,2}$/i.test(name)) throw bad(uri, `leaves its root: it has "${part}" in it.`, 'Leave it out.');
      if (name.includes('/') || name.includes('\0') || /\p{Surrogate}/u.test(name))
        throw bad(uri, `has a name that no file can have: ${JSON.stringify(part)}.`);
      return name;
    });
  return { scheme, authority, names };
}

/** The absolute form, the same for each spelling of an address. */
export const formatUri = ({ scheme, authority, names }: Address): string => `${scheme}://${authority}/${names.map(encodeName).join('/')}`;

/** Address of what lies below a resolved address; names as they are on the disk. */
export const childUri = (resolved: string, ...names: readonly string[]): string => [resolved, ...names.map(encodeName)].join('/');

/** Name of the file or folder at a resolved address, as it is on the disk. */
export const nameOfUri = (resolved: string): string => decodeURIComponent(resolved.slice(resolved.lastIndexOf('/') + 1));

const encodeName = (name: string): string => encodeURI(name).replaceAll(/[?#]/g, encodeURIComponent);

function decoded(part: string, uri: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw bad(uri, `has a "%" that stands for no byte in ${JSON.stringify(part)}.`, 'Write a percent sign as %25.');
  }
}
const bad = (uri: string, what: string, fix?: string): HeddleError => new HeddleError('HDL-BAD-URI', { what: `${JSON.stringify(uri)} ${what}`, fix });
