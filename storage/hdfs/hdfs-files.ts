/**
 * HDFS as a store, over WebHDFS or HttpFS: hdfs://NAME/path, where NAME is a cluster of the configuration (`hdfs`). Workers
 * and server; open-file-systems.ts mounts it. What HDFS really answers: docs/decisions/05-webhdfs.md.
 */
import { randomBytes } from 'node:crypto';
import type { HdfsConfig } from '../../dsl/config.ts';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import { groupRanges } from '../byte-ranges.ts';
import type { ByteRange, CallOptions, MountedFileSystem, StoreEntry } from '../file-system.ts';
import { childUri, parseUri } from '../uri.ts';
import { download } from './download.ts';
import { HdfsClient, type FileStatus } from './hdfs-client.ts';
import { listFolder } from './list-folder.ts';
import { isMissing, RemoteError, toldAs } from './remote-error.ts';
import { renameFile, renameFolder } from './rename.ts';
import { upload } from './upload.ts';
import { checkNames, hdfsPath } from './web-path.ts';

/** Files under way. A crash leaves them; nobody lists or reads them. */
const TEMPORARY = '.heddle-tmp-';
/** Ranges closer than this come by one request; no request is for more than that, unless one range is. */
const RANGES = { gap: 256 * 1024, most: 16 * 1024 * 1024 };
const RANGES_AT_ONCE = 4;
/** For what is cleaned up after a failure: the failure itself must not wait for it. */
const CLEAN_UP_MS = 5_000;

export function hdfsFiles(clusters: Readonly<Record<string, HdfsConfig>>): MountedFileSystem {
  const clients = new Map<string, HdfsClient>();
  const at = (uri: string): { client: HdfsClient; names: readonly string[] } => {
    const { authority, names } = parseUri(uri);
    const config = clusters[authority];
    if (!config) throw unknown(authority, clusters);
    const client = clients.get(authority) ?? new HdfsClient(config);
    clients.set(authority, client);
    return { client, names };
  };
  const told = async <T>(uri: string, work: (at: { client: HdfsClient; names: readonly string[] }) => Promise<T>): Promise<T> => {
    try {
      return await work(at(uri));
    } catch (error) {
      throw toldAs(error, uri);
    }
  };
  const fileStatus = async (uri: string, options?: CallOptions): Promise<FileStatus> => {
    const { client, names } = at(uri);
    const status = await statusOf(client, names, options);
    if (!status) throw new HeddleError('HDL-NOT-FOUND', { what: `${uri} does not exist.` });
    if (status.type === 'DIRECTORY') throw new HeddleError('HDL-STORE-FAILED', { what: `${uri} is a folder, and was read as a file.` });
    return status;
  };
  async function* parts(uri: string, { offset = 0, length = Infinity, signal }: ByteRange & CallOptions, known?: FileStatus): AsyncGenerator<Uint8Array> {
    try {
      const status = known ?? (await fileStatus(uri, signal && { signal }));
      yield* download(at(uri).client, { names: at(uri).names, status, offset, length, signal });
    } catch (error) {
      throw toldAs(error, uri);
    }
  }
  const whole = async (uri: string, options: ByteRange & CallOptions, status: FileStatus): Promise<Uint8Array> => {
    const offset = options.offset ?? 0;
    const bytes = new Uint8Array(Math.max(0, Math.min(options.length ?? Infinity, status.length - offset)));
    let done = 0;
    for await (const part of parts(uri, options, status)) {
      bytes.set(part, done);
      done += part.length;
    }
    return bytes;
  };

  return {
    check(address) {
      if (!clusters[address.authority]) throw unknown(address.authority, clusters);
      checkNames(address);
    },

    read: (uri, options = {}) => told(uri, async () => whole(uri, options, await fileStatus(uri, options))),

    readStream: (uri, options = {}) => parts(uri, options),

    readRanges: (uri, ranges, options = {}) =>
      told(uri, async () => {
        const status = await fileStatus(uri, options);
        const found: Uint8Array[] = ranges.map(() => new Uint8Array());
        const groups = groupRanges(ranges, RANGES);
        const lane = async (): Promise<void> => {
          for (let group = groups.shift(); group; group = groups.shift()) {
            const bytes = await whole(uri, { ...options, offset: group.offset, length: group.length }, status);
            for (const index of group.members) {
              const { offset, length } = ranges[index] as Required<ByteRange>; // its members are indexes of ranges
              const start = offset - group.offset;
              found[index] = group.members.length === 1 ? bytes : bytes.slice(start, start + length);
            }
          }
        };
        await Promise.all(Array.from({ length: RANGES_AT_ONCE }, lane));
        return found;
      }),

    write: (uri, content, options = {}) =>
      told(uri, async ({ client, names }) => {
        const temporary = [...names.slice(0, -1), `${TEMPORARY}${randomBytes(8).toString('hex')}`];
        try {
          const sent = await upload(client, { names: temporary, content, signal: options.signal });
          const status = await statusOf(client, temporary, options);
          if (status?.length !== sent.bytes) {
            throw new HeddleError('HDL-HDFS-INCOMPLETE', {
              what: `${sent.bytes} bytes were sent, and HDFS has ${status?.length ?? 'no file'}.`,
              where: uri,
            });
          }
          await renameFile(client, { from: temporary, to: names, status, signal: options.signal });
          return sent;
        } catch (error) {
          const signal = AbortSignal.timeout(CLEAN_UP_MS);
          await client.call({ method: 'DELETE', names: temporary, op: 'DELETE', signal }).catch(() => undefined);
          throw error;
        }
      }),

    stat: (uri) =>
      told(uri, async ({ client, names }) => {
        const status = await statusOf(client, names);
        return status && entryOf(uri, status);
      }),

    list: (uri) =>
      told(uri, async ({ client, names }) => {
        const entries = await listFolder(client, names);
        return entries
          .filter(({ pathSuffix }) => !pathSuffix.startsWith(TEMPORARY))
          .map((status) => entryOf(childUri(uri, status.pathSuffix), status))
          .toSorted((a, b) => (a.uri < b.uri ? -1 : 1));
      }),

    renameFolder: (from, to) =>
      told(from, async ({ client, names }) => {
        await renameFolder(client, { from: names, to: at(to).names, uris: { from, to } });
      }),

    remove: (uri, options) =>
      told(uri, async ({ client, names }) => {
        // the answer says false for what was not there
        await client.call({ method: 'DELETE', names, op: 'DELETE', parameters: { recursive: options?.recursive ?? false } }).catch(absent);
      }),

    makeFolder: (uri) =>
      told(uri, async ({ client, names }) => {
        await makeFolder(client, names, uri);
      }),

    checksum: (uri) =>
      told(uri, async ({ client, names }) => {
        const { FileChecksum: sum } = await client.call<{ FileChecksum: { algorithm: string; bytes: string } }>({
          method: 'GET',
          names,
          op: 'GETFILECHECKSUM',
        });
        return `${sum.algorithm}:${sum.bytes}`;
      }),

    setPermission: (uri, mode) =>
      told(uri, async ({ client, names }) => {
        await client.call({ method: 'PUT', names, op: 'SETPERMISSION', parameters: { permission: mode.toString(8) } });
      }),

    concat: (target, sources) =>
      told(target, async ({ client, names }) => {
        const paths = sources.map((uri) => hdfsPath(at(uri).names));
        const comma = paths.find((path) => path.includes(','));
        if (comma !== undefined) throw new HeddleError('HDL-HDFS-NAME', { what: `${comma} cannot be concatenated: the protocol parts its list at commas.` });
        const sizes = await Promise.all([target, ...sources].map((uri) => fileStatus(uri)));
        const bytes = sizes.reduce((sum, { length }) => sum + length, 0);
        // after a lost answer the sources are gone, and the length tells
        await client.call({ method: 'POST', names, op: 'CONCAT', parameters: { sources: paths.join(',') } }).catch(async (error: unknown) => {
          if (!(error instanceof RemoteError) || (await fileStatus(target)).length !== bytes) throw error;
        });
      }),
  };
}

async function statusOf(client: HdfsClient, names: readonly string[], options?: CallOptions): Promise<FileStatus | null> {
  const found = await client.call<{ FileStatus: FileStatus }>({ method: 'GET', names, op: 'GETFILESTATUS', signal: options?.signal }).catch(absent);
  return found && found.FileStatus;
}

async function makeFolder(client: HdfsClient, names: readonly string[], uri: string): Promise<void> {
  const { boolean } = await client.call<{ boolean?: boolean }>({ method: 'PUT', names, op: 'MKDIRS' });
  if (boolean !== true) throw new HeddleError('HDL-STORE-FAILED', { what: `HDFS did not make the folder ${uri}.` });
}

const entryOf = (uri: string, status: FileStatus): StoreEntry => ({
  uri,
  bytes: status.type === 'DIRECTORY' ? 0 : status.length,
  mtimeMs: status.modificationTime,
  folder: status.type === 'DIRECTORY',
});
const absent = (error: unknown): null => {
  if (isMissing(error)) return null;
  throw error;
};
const unknown = (authority: string, clusters: Readonly<Record<string, HdfsConfig>>): HeddleError =>
  new HeddleError('HDL-BAD-URI', {
    what: `hdfs://${authority}/... is in no cluster that is configured.`,
    fix: `Add it to hdfs in heddle.config.ts, or use one of: ${Object.keys(clusters).join(', ') || 'none so far'}.`,
  });
