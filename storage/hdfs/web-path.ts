/** Paths and queries of WebHDFS: each name encoded by itself, so that a % or a # in it arrives as what it is. Pure. */
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import type { Address } from '../uri.ts';

const PREFIX = '/webhdfs/v1';

/** What encodeURIComponent leaves alone, and Hadoop's servers or a proxy may take for syntax. */
const encodePart = (name: string): string => encodeURIComponent(name).replaceAll(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

/** '/webhdfs/v1/a/b', encoded. */
export const webPath = (names: readonly string[]): string => [PREFIX, ...names.map(encodePart)].join('/');

/** '/a/b', as HDFS knows it: for parameters. */
export const hdfsPath = (names: readonly string[]): string => `/${names.join('/')}`;

/** 'op=RENAME&destination=%2Fa%2Fb'. Members that are undefined are left out. */
export const query = (parameters: Readonly<Record<string, string | number | boolean | undefined>>): string =>
  Object.entries(parameters)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${encodePart(String(value))}`)
    .join('&');

/** Throws HDL-HDFS-NAME for a name that HDFS has no file for. */
export function checkNames({ authority, names }: Address): void {
  const wrong = names.find((name) => name.includes(':'));
  if (wrong === undefined) return;
  throw new HeddleError('HDL-HDFS-NAME', {
    what: `No file in HDFS can be called ${JSON.stringify(wrong)}: it has a colon.`,
    where: `hdfs://${authority}${hdfsPath(names)}`,
  });
}
