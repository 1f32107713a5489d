/**
 * The NameNodes of one cluster, or one gateway: remembers the one that is active, goes on to the next when it is away or a
 * standby, waits between rounds, and gives up after failoverMs. For the files beside it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import { TransportError } from './http-transport.ts';
import { isPassing, RemoteError } from './remote-error.ts';

/** Of one operation, over its attempts. */
export interface Attempts {
  /** An earlier attempt may have been carried out though its answer never came. */
  lost: boolean;
  /** host:port of DataNodes that did not do what they should. */
  readonly excluded: Set<string>;
}
/** Throw it for a failure of a DataNode: the next attempt leaves that one out. */
export class DataNodeTrouble extends Error {
  readonly host: string;
  constructor(host: string, cause: Error) {
    super(`DataNode ${cause instanceof TransportError ? '' : `${host}: `}${cause.message}`, { cause });
    this.name = 'DataNodeTrouble';
    this.host = host;
  }
}
/** Throw it for what no other attempt can mend: the reason is thrown in its place. */
export class Final extends Error {}

export interface NameNodesOptions {
  /** Without a slash at the end. */
  readonly bases: readonly string[];
  readonly failoverMs: number;
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;
/** Failures of DataNodes in one operation: where several share a host, leaving one out is a matter of luck. */
const DATANODE_ATTEMPTS = 20;
const DATANODE_PAUSE_MS = 200;

export class NameNodes {
  private active = 0;
  private readonly options: NameNodesOptions;
  constructor(options: NameNodesOptions) {
    this.options = options;
  }

  /** Until an attempt comes through. Throws HDL-HDFS-UNREACHABLE after failoverMs, a RemoteError that is final at once. */
  async run<T>(where: string, signal: AbortSignal | undefined, attempt: (base: string, attempts: Attempts) => Promise<T>): Promise<T> {
    const { bases, failoverMs } = this.options;
    const attempts: Attempts = { lost: false, excluded: new Set() };
    const until = Date.now() + failoverMs;
    const seen = new Map<string, string>();
    let datanodes = 0;
    for (let failures = 0; ;) {
      const at = this.active;
      const base = bases[at] ?? '';
      try {
        return await attempt(base, attempts);
      } catch (error) {
        signal?.throwIfAborted();
        if (error instanceof Final) throw error.cause;
        if (error instanceof DataNodeTrouble) {
          datanodes++;
          seen.set(error.host, error.message);
          if (attempts.excluded.has(error.host)) attempts.excluded.clear();
          else attempts.excluded.add(error.host);
          if (datanodes >= DATANODE_ATTEMPTS) throw this.unreachable(where, seen, error);
          await sleep(DATANODE_PAUSE_MS, undefined, signal && { signal });
          continue;
        }
        if (error instanceof RemoteError && attempts.excluded.size > 0 && /excludeDatanodes|[Ff]ailed to find datanode/.test(error.message)) {
          attempts.excluded.clear(); // there is no other one
          continue;
        }
        if (!(error instanceof TransportError) && !(error instanceof RemoteError && isPassing(error))) throw error;
        if (error instanceof TransportError && error.sent) attempts.lost = true;
        seen.set(base, error.message);
        failures++;
        // another call may have gone on already
        if (this.active === at) this.active = (at + 1) % bases.length;
        const round = Math.floor(failures / bases.length);
        const first = failures % bases.length !== 0;
        if (Date.now() >= until) throw this.unreachable(where, seen, error);
        if (!first) await pause(round - 1, signal, until);
      }
    }
  }

  private unreachable(where: string, seen: ReadonlyMap<string, string>, cause: Error): HeddleError {
    return new HeddleError('HDL-HDFS-UNREACHABLE', {
      what: `HDFS did not do it: ${[...seen].map(([host, why]) => (why.includes(host.replace(/^https?:\/\//, '')) ? why : `${host}: ${why}`)).join('; ')}.`,
      where,
      cause: cause instanceof DataNodeTrouble ? cause.cause : cause,
    });
  }
}

/** 0.5 s, doubled each time up to 15 s, less up to a half of it so that clients do not come all at once. */
async function pause(round: number, signal: AbortSignal | undefined, until = Infinity): Promise<void> {
  const ms = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** round) * (0.5 + Math.random() / 2);
  await sleep(Math.max(0, Math.min(ms, until - Date.now())), undefined, signal && { signal });
}
