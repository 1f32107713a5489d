/** A folder's entries page by page (LISTSTATUS_BATCH), so that no answer is of the size of the folder. For hdfs-files.ts. */
import type { FileStatus, HdfsClient } from './hdfs-client.ts';
import { isMissing, RemoteError } from './remote-error.ts';

interface Page {
  readonly DirectoryListing: {
    readonly partialListing: { readonly FileStatuses: { readonly FileStatus: readonly FileStatus[] } };
    readonly remainingEntries: number;
  };
}

/** In the server's order; [] for a folder that does not exist, and for a file. */
export async function listFolder(client: HdfsClient, names: readonly string[]): Promise<FileStatus[]> {
  const all: FileStatus[] = [];
  for (let last: string | undefined; ;) {
    let page: readonly FileStatus[];
    let more = false;
    try {
      // Hadoop 3.5 reads the name in lower case only, whatever its documents say; others read the other one
      const parameters = { startafter: last, ...(last !== undefined && { startAfter: last }) };
      const { DirectoryListing: listing } = await client.call<Page>({ method: 'GET', names, op: 'LISTSTATUS_BATCH', parameters });
      page = listing.partialListing.FileStatuses.FileStatus;
      more = listing.remainingEntries > 0 && page.length > 0;
    } catch (error) {
      if (isMissing(error)) return [];
      if (!isUnknownOperation(error) || all.length > 0) throw error;
      const { FileStatuses } = await client.call<{ FileStatuses: { FileStatus: readonly FileStatus[] } }>({ method: 'GET', names, op: 'LISTSTATUS' });
      page = FileStatuses.FileStatus;
    }
    const known = new Set(all.map(({ pathSuffix }) => pathSuffix));
    if (page.some(({ pathSuffix }) => known.has(pathSuffix)))
      throw new RemoteError(200, 'Listing', `/${names.join('/')} was listed from its beginning again: this server does not page`);
    all.push(...page);
    if (!more) return all.filter(({ pathSuffix }) => pathSuffix !== ''); // a file lists as itself
    last = page.at(-1)?.pathSuffix;
  }
}

/** A gateway or a Hadoop before 3.0. */
const isUnknownOperation = (error: unknown): boolean =>
  error instanceof RemoteError && /^(IllegalArgumentException|UnsupportedOperationException|QueryParamException)$/.test(error.exception);
