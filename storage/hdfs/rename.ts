/**
 * Renames that are safe to repeat. The plain RENAME nests into a folder that exists and answers 200 with `false`, so every
 * rename here names its option. After a lost answer the repeat says 404, and what lies at the target tells: a rename keeps the
 * id of the file. For hdfs-files.ts.
 */
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import type { FileStatus, HdfsClient } from './hdfs-client.ts';
import { isExisting, isMissing, RemoteError } from './remote-error.ts';
import { hdfsPath } from './web-path.ts';

interface Rename {
  readonly from: readonly string[];
  readonly to: readonly string[];
  readonly signal?: AbortSignal | undefined;
}
type Option = 'NONE' | 'OVERWRITE';

/** Puts a file of ours in the place of another one, or of none, in one step. `status`: of the source. */
export async function renameFile(client: HdfsClient, { status, ...rename }: Rename & { readonly status: FileStatus }): Promise<void> {
  await ask(client, rename, 'OVERWRITE').catch(async (error: unknown) => {
    if (!isMissing(error) || !(await isAt(client, rename.to, status))) throw error;
  });
}

/** `uris`: as people know them. Throws HDL-PARTITION-EXISTS, HDL-NOT-FOUND. */
export async function renameFolder(
  client: HdfsClient,
  { uris, ...rename }: Rename & { readonly uris: { readonly from: string; readonly to: string } },
): Promise<void> {
  const status = await statusOf(client, rename.from);
  if (!status) throw new HeddleError('HDL-NOT-FOUND', { what: `${uris.from} does not exist.` });
  let option: Option = 'NONE';
  for (let madeParent = false; ;) {
    try {
      await ask(client, rename, option);
      return;
    } catch (error) {
      if (isMissing(error)) {
        if (await isAt(client, rename.to, status)) return;
        if (madeParent || !(await statusOf(client, rename.from)))
          throw new HeddleError('HDL-NOT-FOUND', { what: `${uris.from} does not exist any more.`, cause: error });
        await client.call({ method: 'PUT', names: rename.to.slice(0, -1), op: 'MKDIRS' });
        madeParent = true;
        continue;
      }
      // a file in the place of a folder, and a folder that holds something, are plain IOExceptions
      const refused = isExisting(error) || (error instanceof RemoteError && error.exception === 'IOException');
      const target = refused ? await statusOf(client, rename.to) : null;
      if (!target) throw error;
      // An empty folder is no partition. OVERWRITE replaces that and nothing else: it refuses a folder that holds something, and a file.
      if (option === 'NONE' && target.type === 'DIRECTORY') {
        option = 'OVERWRITE';
        continue;
      }
      throw new HeddleError('HDL-PARTITION-EXISTS', { what: `${uris.to} exists.`, where: `rename of ${uris.from}`, cause: error });
    }
  }
}

const ask = (client: HdfsClient, { from, to, signal }: Rename, renameoptions: Option): Promise<unknown> =>
  client.call({ method: 'PUT', names: from, op: 'RENAME', parameters: { destination: hdfsPath(to), renameoptions }, signal });

async function statusOf(client: HdfsClient, names: readonly string[]): Promise<FileStatus | null> {
  try {
    return (await client.call<{ FileStatus: FileStatus }>({ method: 'GET', names, op: 'GETFILESTATUS' })).FileStatus;
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

const isAt = async (client: HdfsClient, names: readonly string[], { fileId }: FileStatus): Promise<boolean> =>
  (await statusOf(client, names))?.fileId === fileId;
