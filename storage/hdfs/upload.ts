/**
 * CREATE in its two steps: the NameNode names a DataNode, the DataNode takes the body. Success is 201, nothing else. A body that can be read again is sent again after a failure; a stream that has begun cannot be.
 * For hdfs-files.ts.
 */
import { createHash } from 'node:crypto';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import { TransportError } from './http-transport.ts';
import { dataNodeUrl, locationIn, placeOf, type HdfsClient } from './hdfs-client.ts';
import { DataNodeTrouble, Final, type Attempts } from './name-nodes.ts';
import { bodyText, isPassing, remoteErrorOf, RemoteError } from './remote-error.ts';

export interface Upload {
  readonly names: readonly string[];
  readonly content: Uint8Array | AsyncIterable<Uint8Array>;
  readonly signal?: AbortSignal | undefined;
}
export interface Sent {
  readonly bytes: number;
  /** 'sha256:...' of what was sent. */
  readonly digest: string;
}

/** Large buffers go out in slices of this size, so that an idle connection is told from a busy one. */
const SLICE = 1024 * 1024;

/** Sends all of the content. The file's name must be the caller's own: what an attempt before left there is replaced. */
export async function upload(client: HdfsClient, { names, content, signal }: Upload): Promise<Sent> {
  const place = placeOf({ op: 'CREATE', names });
  let begun = false;
  let sent: Sent = { bytes: 0, digest: '' };
  const parts = (): AsyncIterable<Uint8Array> => {
    begun = true;
    return counted(content instanceof Uint8Array ? slices(content) : content, (done) => {
      sent = done;
    });
  };
  const bytes = content instanceof Uint8Array ? content.byteLength : null;
  return client.nameNodes.run(place, signal, async (base, attempts) => {
    try {
      const url = await dataNodeFor(client, base, { names, signal }, attempts);
      const answer = await client.askDataNode({
        method: 'PUT',
        url,
        signal,
        headers: { 'content-type': 'application/octet-stream' },
        body: { parts, bytes },
      });
      if (answer.status !== 201) throw await remoteErrorOf(answer);
      answer.body.resume();
      return sent;
    } catch (error) {
      const passing = error instanceof DataNodeTrouble || error instanceof TransportError || (error instanceof RemoteError && isPassing(error));
      if (passing && begun && !(content instanceof Uint8Array)) throw new Final('', { cause: broken(place, error) });
      throw error;
    }
  });
}

async function dataNodeFor(client: HdfsClient, base: string, { names, signal }: Omit<Upload, 'content'>, attempts: Attempts): Promise<URL> {
  const parameters = { noredirect: true, overwrite: true };
  const answer = await client.askNameNode(base, { method: 'PUT', names, op: 'CREATE', parameters, signal }, attempts);
  const redirect = locationIn(answer, names);
  if (redirect) return redirect;
  if (answer.status !== 200) throw await remoteErrorOf(answer);
  const { Location } = JSON.parse(await bodyText(answer)) as { Location?: string };
  if (Location === undefined) throw new RemoteError(200, '', `${base} named no DataNode to write to`);
  return dataNodeUrl(Location, names);
}

const broken = (where: string, cause: Error): HeddleError =>
  new HeddleError('HDL-HDFS-INCOMPLETE', {
    what: `An upload broke off: ${cause.message}.`,
    where,
    why: 'What was sent came from a stream, which cannot be read again.',
    cause,
  });

async function* counted(content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, done: (sent: Sent) => void): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const part of content) {
    hash.update(part);
    bytes += part.byteLength;
    yield part;
  }
  done({ bytes, digest: `sha256:${hash.digest('hex')}` });
}
function* slices(content: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < content.byteLength; at += SLICE) yield content.subarray(at, at + SLICE);
}
