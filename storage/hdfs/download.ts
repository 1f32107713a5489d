/**
 * OPEN: bytes of a file as they come, taken up at the byte reached when a connection breaks, and never fewer than were asked
 * for. For hdfs-files.ts.
 */
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import type { HdfsClient, FileStatus } from './hdfs-client.ts';
import { locationIn } from './hdfs-client.ts';
import { TransportError, type Answer } from './http-transport.ts';
import { DataNodeTrouble } from './name-nodes.ts';
import { remoteErrorOf } from './remote-error.ts';

export interface Download {
  readonly names: readonly string[];
  /** Of the file, looked up before: a file that was replaced since is not mixed with it. */
  readonly status: FileStatus;
  readonly offset: number;
  readonly length: number;
  readonly signal?: AbortSignal | undefined;
}
/** Connections that break one after the other without a byte. */
const FRUITLESS = 4;

/** Throws HDL-HDFS-INCOMPLETE when connections keep breaking, HDL-STORE-FAILED when the file was replaced meanwhile. */
export async function* download(client: HdfsClient, { names, status, offset, length, signal }: Download): AsyncGenerator<Uint8Array> {
  const end = Math.min(status.length, offset + length);
  const broken = new Set<string>();
  let at = offset;
  for (let fruitless = 0; at < end;) {
    const from = at;
    const { answer, host } = await open(client, { names, offset: at, length: end - at, signal }, broken);
    let why: unknown = new Error(`the body ended after ${at - from} bytes`);
    try {
      for await (const part of answer.body as AsyncIterable<Buffer>) {
        if (at + part.length > end) throw new Error('more bytes came than were asked for');
        at += part.length;
        yield part;
      }
      why = new Error(`the body ended after ${at - from} of ${end - from} bytes`);
    } catch (error) {
      why = error;
    } finally {
      answer.body.destroy();
    }
    if (at === end) return;
    signal?.throwIfAborted();
    fruitless = at > from ? 0 : fruitless + 1;
    if (fruitless > 0 && host !== null) broken.add(host);
    if (fruitless >= FRUITLESS) {
      throw new HeddleError('HDL-HDFS-INCOMPLETE', {
        what: `A download broke off at byte ${at} of ${status.length}, ${FRUITLESS} times: ${why instanceof Error ? why.message : String(why)}.`,
        where: `OPEN /${names.join('/')}`,
        cause: why,
      });
    }
    const now = await client.call<{ FileStatus: FileStatus }>({ method: 'GET', names, op: 'GETFILESTATUS', signal });
    if (now.FileStatus.fileId !== status.fileId || now.FileStatus.length !== status.length || now.FileStatus.modificationTime !== status.modificationTime)
      throw new HeddleError('HDL-STORE-FAILED', { what: `/${names.join('/')} was replaced while it was read, at byte ${at}.`, cause: why });
  }
}

/** The head of an answer with the bytes, and the DataNode that it comes from (null: a gateway itself). */
function open(
  client: HdfsClient,
  { names, offset, length, signal }: Omit<Download, 'status'>,
  broken: ReadonlySet<string>,
): Promise<{ readonly answer: Answer; readonly host: string | null }> {
  const operation = { method: 'GET', names, op: 'OPEN', parameters: { offset, length }, signal } as const;
  return client.nameNodes.run(`OPEN /${names.join('/')}`, signal, async (base, attempts) => {
    for (const host of broken) attempts.excluded.add(host);
    let answer = await client.askNameNode(base, operation, attempts);
    const location = locationIn(answer, names);
    if (location) answer = await client.askDataNode({ method: 'GET', url: location, signal });
    if (answer.status !== 200 && answer.status !== 206) throw await remoteErrorOf(answer);
    const announced = answer.headers['content-length'];
    if (announced !== undefined && Number(announced) !== length) {
      answer.body.destroy();
      const wrong = new TransportError(`${announced} bytes are announced, and ${length} were asked for`, 'EPROTO', false);
      throw location ? new DataNodeTrouble(location.host, wrong) : wrong;
    }
    return { answer, host: location?.host ?? null };
  });
}
