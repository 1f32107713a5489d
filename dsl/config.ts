/**
 * The project's configuration, as authors write it in heddle.config.ts. Types and an identity function only; loading and
 * defaults are in config/.
 */
export interface HeddleConfig {
  /** Prefixes ids, queues, catalog keys and store paths. Default 'default'. */
  readonly project?: string;
  /** Globs of pipeline files, relative to the configuration. */
  readonly pipelines: readonly string[];
  readonly temporal?: {
    /** host:port. Left out: the embedded server that `heddle dev` starts. */
    readonly address?: string;
    readonly namespace?: string;
    readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string; readonly serverName?: string };
    readonly apiKey?: string;
  };
  /** 'sqlite:<file>' or 'postgres://...'. Default: sqlite in .heddle/. */
  readonly catalog?: string;
  readonly storage?: {
    /** Folder or URI under which store:// lies. Default .heddle/store. */
    readonly root?: string;
  };
  /** Clusters by the name in hdfs://NAME/path. */
  readonly hdfs?: Readonly<Record<string, HdfsConfig>>;
  readonly server?: {
    /** Default 127.0.0.1:8233. */
    readonly listen?: string;
    readonly url?: string;
    readonly tls?: { readonly cert: string; readonly key: string };
    /** Allows a listener beyond the loopback without TLS. */
    readonly insecure?: boolean;
    readonly tokens?: readonly { readonly name: string; readonly roles: readonly string[]; readonly sha256: string }[];
  };
  /** Prediction caches by the name that steps give. `default` is there without being written: embedded, in .heddle/cache. */
  readonly caches?: Readonly<Record<string, CacheConfig>>;
  readonly backfill?: {
    /** Backfills of more cells want their number confirmed. Default 1,000. */
    readonly confirmAbove?: number;
  };
  /** Pool -> class -> room. Default: pool 'default' with class 'small'. */
  readonly pools?: Readonly<Record<string, PoolConfig>>;
  /** How long `heddle gc` keeps things. Partitions go by `retain` of their dataset. */
  readonly retention?: {
    /** Old generations of a partition: at least so many (default 3), and each at least so long (default '7d'). */
    readonly generations?: { readonly keep?: number; readonly atLeast?: string };
    /** Files and values of runs after their end. Default '90d'. */
    readonly runs?: string;
    /** Logs in the store. Default '30d'. */
    readonly logs?: string;
  };
  readonly notify?: { readonly url: string; readonly secretEnv?: string; readonly on?: readonly ('failed' | 'done' | 'approval')[] };
  /** Where OpenLineage events go, best effort: an HTTP endpoint, or a file of JSON lines. */
  readonly lineage?: { readonly url?: string; readonly file?: string; readonly namespace?: string; readonly tokenEnv?: string };
  /** What ctx.track says goes there. `tokenEnv`: the variable of the server's process with a bearer token. */
  readonly tracking?: { readonly mlflow: { readonly url: string; readonly experiment: string; readonly tokenEnv?: string } };
  readonly python?: string;
}
/** An HDFS over HTTP: WebHDFS, or one HttpFS. */
export interface HdfsConfig {
  /** http(s)://host:port of each NameNode; which one is active is found out. Or of one HttpFS. */
  readonly namenodes: readonly string[];
  /** Who asks, where nothing proves it. Default: HADOOP_USER_NAME, else the account of the process. */
  readonly user?: string;
  /** Act as this user; needs a proxy user's rights. */
  readonly doas?: string;
  /** A delegation token, as text or as Hadoop's tools store it. Read anew when it changes. */
  readonly tokenFile?: string;
  /** 'kerberos' needs the package `kerberos` and a ticket. Default 'simple'. */
  readonly auth?: 'simple' | 'kerberos';
  /** PEM file of the authority that signed the cluster's certificates. */
  readonly tls?: { readonly ca?: string };
  /** DataNode as the cluster calls it (host or host:port) -> [http(s)://]host:port at which it is reached from here. */
  readonly hosts?: Readonly<Record<string, string>>;
  readonly timeouts?: {
    /** Until a connection stands. Default 10,000. */
    readonly connectMs?: number;
    /** Without a byte. Default 60,000. */
    readonly idleMs?: number;
    /** Until an operation that finds no active NameNode gives up. Default 120,000. */
    readonly failoverMs?: number;
  };
}
/** A prediction cache. `...Secret` names a secret of the worker: HEDDLE_SECRET_<NAME>. */
export type CacheConfig =
  | {
      /** LMDB files on the worker's machine. */
      readonly kind: 'embedded';
      /** Default .heddle/cache. */
      readonly folder?: string | undefined;
      /** Bytes that a namespace may take; default: the disk's end. */
      readonly maxBytes?: number | undefined;
    }
  | {
      /** One Redis server, 6.2 or later; not a cluster. */
      readonly kind: 'redis';
      /** host:port; default 127.0.0.1:6379. */
      readonly address?: string | undefined;
      readonly username?: string | undefined;
      readonly passwordSecret?: string | undefined;
      readonly db?: number | undefined;
      readonly tls?: { readonly ca?: string | undefined } | undefined;
      /** Of all keys; default 'heddle'. */
      readonly prefix?: string | undefined;
      /** Commands that wait for an answer at once; default 4,000. */
      readonly inFlight?: number | undefined;
    }
  | {
      readonly kind: 'cassandra';
      /** host:port of some nodes. */
      readonly contactPoints: readonly string[];
      readonly localDataCenter: string;
      readonly keyspace: string;
      readonly username?: string | undefined;
      readonly passwordSecret?: string | undefined;
      readonly tls?: { readonly ca?: string | undefined } | undefined;
      /** Default LOCAL_QUORUM. */
      readonly consistency?: 'LOCAL_QUORUM' | 'QUORUM' | 'LOCAL_ONE' | 'ONE' | undefined;
      /** Copies in the local data centre, when the keyspace is to be made; left out, it must be there. */
      readonly replication?: number | undefined;
      /** Statements that wait for an answer at once; default 256. */
      readonly inFlight?: number | undefined;
    };
/** One class of a pool, in each of its worker processes. */
export interface ClassConfig {
  /** Cost of a step in units of the pool's budget. Default 1. */
  readonly units?: number | undefined;
  /** Steps at once. Default 8. */
  readonly slots?: number | undefined;
  /** Slots that waiting steps of backfills get in any case, and the most they hold. Default: a quarter, and all but a quarter. */
  readonly backfill?: { readonly least?: number | undefined; readonly most?: number | undefined } | undefined;
}
export interface PoolConfig {
  readonly classes: Readonly<Record<string, ClassConfig>>;
  /** Units that one worker process has. Default: sum of the slots. */
  readonly budget?: number;
}
export const defineConfig = <const C extends HeddleConfig>(config: C): C => config;
