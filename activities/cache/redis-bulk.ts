/**
 * The hot path of writes to Redis: `SET key value NX EXAT second`, encoded into one buffer a batch and sent over a socket of its
 * own, with a bound on the replies that are still out (4.7 times as fast as the client's pipelines, shared/facts/data.md).
 * NX: what is there already is left to the slower, comparing path. Protocol: https://redis.io/docs/latest/develop/reference/protocol-spec/.
 */
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { encodeEntry, PREDICTION_BYTES, type Entries } from './prediction.ts';

export interface RedisAddress {
  readonly host: string;
  readonly port: number;
  readonly username: string | null;
  readonly password: string | null;
  readonly db: number;
  /** null: plain text. `ca`: PEM. */
  readonly tls: { readonly ca: string | null } | null;
}
export interface RedisBulk {
  /** Sends all entries; resolves with the indexes of those whose key was there already, when every reply has come. */
  setAbsent(keyPrefix: string, entries: Entries): Promise<number[]>;
  close(): void;
}
/** Commands in one buffer, and replies that may be out at once: memory is bounded by the second. */
export interface RedisDepth {
  readonly batch: number;
  readonly inFlight: number;
}
export const DEFAULT_DEPTH: RedisDepth = { batch: 1_000, inFlight: 4_000 };
const TIMEOUT_MS = 10_000;

interface Waiting {
  left: number;
  /** Index of the first entry of the batch. */
  readonly first: number;
  readonly count: number;
  readonly present: number[];
}

export async function redisBulk(address: RedisAddress, depth: RedisDepth = DEFAULT_DEPTH): Promise<RedisBulk> {
  const socket = await connected(address);
  const queue: Waiting[] = [];
  let out = 0;
  let failed: Error | null = null;
  let wake: (() => void) | null = null;
  let rest: Buffer = Buffer.alloc(0);
  const fail = (error: Error): void => {
    failed ??= error;
    socket.destroy();
    wake?.();
  };
  socket.setTimeout(TIMEOUT_MS, () => {
    if (out > 0) fail(new Error(`no reply for ${TIMEOUT_MS / 1000} s (ETIMEDOUT)`));
  });
  socket.on('error', fail);
  socket.on('close', () => {
    fail(new Error('the connection was closed (ECONNRESET)'));
  });
  socket.on('data', (chunk: Buffer) => {
    let at = 0;
    const data = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (;;) {
      const end = data.indexOf(10, at);
      if (end < 0) break;
      const kind = data[at];
      if (kind === 0x2d) return fail(new Error(data.toString('utf8', at + 1, end - 1))); // -ERR ...
      const batch = queue[0];
      if (!batch || (kind !== 0x2b && kind !== 0x24)) return fail(new Error(`a reply that was not asked for: ${data.toString('utf8', at, end - 1)}`));
      if (kind === 0x24) batch.present.push(batch.first + batch.count - batch.left); // $-1: the key was there
      out--;
      if (--batch.left === 0) queue.shift();
      at = end + 1;
    }
    rest = at === data.length ? Buffer.alloc(0) : data.subarray(at);
    wake?.();
  });
  const until = async (done: () => boolean): Promise<void> => {
    while (!failed && !done()) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    wake = null;
    if (failed) throw failed;
  };
  return {
    async setAbsent(keyPrefix, entries) {
      const present: number[] = [];
      const total = entries.keys.length;
      for (let first = 0; first < total; first += depth.batch) {
        const count = Math.min(depth.batch, total - first);
        await until(() => out + count <= Math.max(depth.inFlight, count));
        queue.push({ left: count, first, count, present });
        out += count;
        socket.write(encodeBatch(keyPrefix, entries, first, first + count));
      }
      await until(() => out === 0);
      return present;
    },
    close() {
      failed = new Error('closed');
      socket.destroy();
    },
  };
}

const TAIL = Buffer.from('\r\n$2\r\nNX\r\n$4\r\nEXAT\r\n$10\r\n', 'latin1');
const HEAD = Buffer.from('*6\r\n$3\r\nSET\r\n$', 'latin1');
const VALUE = Buffer.from(`\r\n$${PREDICTION_BYTES}\r\n`, 'latin1');

/** One buffer of commands. */
function encodeBatch(prefix: string, entries: Entries, first: number, end: number): Buffer {
  let bytes = 0;
  const overhead = HEAD.length + 8 + VALUE.length + PREDICTION_BYTES + TAIL.length + 12;
  for (let i = first; i < end; i++) bytes += overhead + 3 * (prefix.length + entries.keys[i]!.length); // no more than three bytes a UTF-16 unit
  const out = Buffer.allocUnsafe(bytes);
  let at = 0;
  for (let i = first; i < end; i++) {
    const key = prefix + entries.keys[i]!;
    at += HEAD.copy(out, at);
    const keyBytes = Buffer.byteLength(key);
    at += out.write(String(keyBytes), at, 'latin1');
    out[at++] = 13;
    out[at++] = 10;
    at += out.write(key, at, keyBytes === key.length ? 'latin1' : 'utf8');
    at += VALUE.copy(out, at);
    encodeEntry(entries, i, out, at);
    at += PREDICTION_BYTES;
    at += TAIL.copy(out, at);
    writeSecond(out, at, entries.expiresAt[i]!);
    at += 10;
    out[at++] = 13;
    out[at++] = 10;
  }
  return out.subarray(0, at);
}

/** Ten digits, which is any second from 2001 to 2286; an earlier one is long over. */
function writeSecond(out: Buffer, at: number, second: number): void {
  let left = Math.max(second, 1_000_000_000);
  for (let i = 9; i >= 0; i--) {
    out[at + i] = 48 + (left % 10);
    left = Math.floor(left / 10);
  }
}

/** A socket past AUTH and SELECT. */
async function connected(address: RedisAddress): Promise<Socket> {
  const { host, port, tls } = address;
  const socket = tls ? connectTls({ host, port, servername: host, ...(tls.ca !== null && { ca: tls.ca }) }) : connectTcp({ host, port });
  socket.setNoDelay(true);
  const hello: string[][] = [];
  if (address.password !== null) hello.push(address.username === null ? ['AUTH', address.password] : ['AUTH', address.username, address.password]);
  if (address.db !== 0) hello.push(['SELECT', String(address.db)]);
  hello.push(['PING']);
  return new Promise((resolve, reject) => {
    let seen = '';
    const give = (error: Error): void => {
      socket.destroy();
      reject(error);
    };
    socket.setTimeout(TIMEOUT_MS, () => {
      give(new Error('no connection within 10 s (ETIMEDOUT)'));
    });
    socket.once('error', give);
    const onData = (chunk: Buffer): void => {
      seen += chunk.toString('latin1');
      const lines = seen.split('\r\n').slice(0, -1);
      const bad = lines.find((line) => line.startsWith('-'));
      if (bad) give(new Error(bad.slice(1)));
      else if (lines.length >= hello.length) {
        socket.removeListener('data', onData);
        socket.removeListener('error', give);
        socket.removeAllListeners('timeout');
        resolve(socket);
      }
    };
    socket.on('data', onData);
    socket.once(tls ? 'secureConnect' : 'connect', () => {
      socket.write(hello.map((words) => `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`).join(''));
    });
  });
}
