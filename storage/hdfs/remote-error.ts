/** What a NameNode or DataNode said when it refused: Hadoop's RemoteException, and what it means for the caller. */
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import type { Answer } from './http-transport.ts';

/** A refusal with its HTTP status and the name of Hadoop's exception, without its package; '' where the body had none. */
export class RemoteError extends Error {
  readonly status: number;
  readonly exception: string;
  /** Like a system error's, so that what a step threw is classed by it. */
  readonly code: string | undefined;
  constructor(status: number, exception: string, message: string) {
    super(message);
    this.name = 'RemoteError';
    this.status = status;
    this.exception = exception;
    this.code = /QuotaExceeded|QuotaByStorageType/.test(exception) ? 'EDQUOT' : isNoSpace(message) ? 'ENOSPC' : undefined;
  }
}

const MOST_BYTES = 64 * 1024;

/** Reads the body, which need not be JSON. */
export async function remoteErrorOf(answer: Answer): Promise<RemoteError> {
  const text = await bodyText(answer, MOST_BYTES).catch(() => '');
  try {
    const { RemoteException: told } = JSON.parse(text) as { RemoteException?: { exception?: string; javaClassName?: string; message?: string } };
    if (told) {
      const name = (told.javaClassName ?? told.exception ?? '').split(/[.$]/).at(-1) ?? '';
      // the message may have a stack trace below its first line
      return new RemoteError(answer.status, name, `${name}: ${(told.message ?? '').split(/\r?\n/, 1)[0] ?? ''}`);
    }
  } catch {
    // a proxy's page, or nothing
  }
  const page = text.replaceAll(/<[^>]*>|\s+/g, ' ').trim();
  return new RemoteError(answer.status, '', `status ${answer.status}${page ? `: ${page.slice(0, 200)}` : ''}`);
}

/** All of a small body. Throws when it is longer. */
export async function bodyText({ body }: Answer, most = 64 * 1024 * 1024): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of body as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > most) throw new Error(`an answer of more than ${most} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

/** Refusals that another NameNode, or a later moment, may not repeat; a DataNode that lost its NameNode says so by a Java exception. */
export const isPassing = ({ status, exception, message }: RemoteError): boolean =>
  /Failed to find datanode/.test(message) || // a NameNode that has just become active has not heard of them yet
  /^(StandbyException|ObserverRetryOnActiveException|RetriableException|SafeModeException|ServerTooBusyException)$/.test(exception) ||
  /^(EOFException|ConnectException|ConnectTimeoutException|SocketException|SocketTimeoutException|NoRouteToHostException|ClosedChannelException)$/.test(
    exception,
  ) ||
  status === 502 ||
  status === 503 ||
  status === 504 ||
  status === 429;

export const isMissing = (error: unknown): boolean =>
  error instanceof RemoteError && /^(FileNotFoundException|NoSuchFileException|ParentNotDirectoryException)$/.test(error.exception);
export const isExisting = (error: unknown): boolean => error instanceof RemoteError && error.exception === 'FileAlreadyExistsException';
const isNoSpace = (message: string): boolean => /No space left|could only be written to 0 of the|DiskOutOfSpace|out of space/i.test(message);

/** As people see it: coded, with the address. What is no refusal stays as it is. */
export function toldAs(error: unknown, uri: string): unknown {
  if (!(error instanceof RemoteError)) return error;
  const { exception, status, message } = error;
  if (isMissing(error)) return new HeddleError('HDL-NOT-FOUND', { what: `${uri} does not exist.`, cause: error });
  if (/^(AccessControlException|AuthorizationException|SecurityException)$/.test(exception) && status !== 401)
    return new HeddleError('HDL-HDFS-DENIED', { what: `HDFS refused ${uri}: ${message}.`, cause: error });
  if (status === 401 || /InvalidToken|AuthenticationException|SecretManager/.test(exception))
    return new HeddleError('HDL-HDFS-AUTH', { what: `HDFS does not know who asks for ${uri}: ${message}.`, cause: error });
  if (error.code !== undefined) return new HeddleError('HDL-HDFS-FULL', { what: `HDFS has no room for ${uri}: ${message}.`, cause: error });
  return new HeddleError('HDL-STORE-FAILED', { what: `HDFS refused ${uri}: ${message}.`, cause: error });
}
