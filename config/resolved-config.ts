/** The effective configuration: defaults and HEDDLE_* variables applied. Type only; made by load-config.ts. */
import type { CacheConfig, HdfsConfig, HeddleConfig, PoolConfig } from '../dsl/config.ts';

export interface ResolvedConfig {
  /** Folder of heddle.config.ts: relative paths are relative to it. Absolute. */
  readonly folder: string;
  /** Absolute path of the configuration file, null when none was found. */
  readonly file: string | null;
  /** <folder>/.heddle: state of the embedded parts. */
  readonly stateFolder: string;
  readonly project: string;
  readonly pipelines: readonly string[];
  readonly temporal: {
    readonly address: string;
    readonly namespace: string;
    readonly tls: NonNullable<HeddleConfig['temporal']>['tls'] | null;
    readonly apiKey: string | null;
    /** True when `heddle dev` starts the server. */ readonly embedded: boolean;
  };
  /** 'sqlite:<absolute file>' or 'postgres://...'. */
  readonly catalog: string;
  /** Absolute folder or URI. */
  readonly storageRoot: string;
  /** Clusters by name; their files are absolute. */
  readonly hdfs: Readonly<Record<string, HdfsConfig>>;
  readonly server: {
    readonly host: string;
    readonly port: number;
    /** Where clients reach it. */
    readonly url: string;
    readonly tls: { readonly cert: string; readonly key: string } | null;
    readonly insecure: boolean;
    readonly tokens: readonly { readonly name: string; readonly roles: readonly string[]; readonly sha256: string }[];
    /** Private token file that the server writes on loopback: <stateFolder>/token. */
    readonly tokenFile: string;
  };
  /** With `default`; folders and files absolute. */
  readonly caches: Readonly<Record<string, CacheConfig>>;
  readonly pools: Readonly<Record<string, PoolConfig>>;
  /** Left out: as a configuration that says nothing. */
  readonly backfill?: { readonly confirmAbove: number };
  /** Left out: as a configuration that says nothing. ms. */
  readonly retention?: {
    readonly generations: { readonly keep: number; readonly ms: number };
    readonly runsMs: number;
    readonly logsMs: number;
  };
  readonly notify: { readonly url: string; readonly secretEnv: string | null; readonly on: readonly string[] } | null;
  /** OpenLineage events; null: nowhere. `file` is absolute. */
  readonly lineage?: { readonly url: string | null; readonly file: string | null; readonly namespace: string; readonly tokenEnv: string | null } | null;
  readonly tracking?: { readonly mlflow: { readonly url: string; readonly experiment: string; readonly tokenEnv: string | null } } | null;
  readonly python: string;
  /** Where each value came from, for `heddle doctor`: 'default', 'file', 'HEDDLE_...'. */
  readonly sources: Readonly<Record<string, string>>;
}
