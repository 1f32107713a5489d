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
  readonly server?: {
    /** Default 127.0.0.1:8233. */
    readonly listen?: string;
    readonly url?: string;
    readonly tls?: { readonly cert: string; readonly key: string };
    /** Allows a listener beyond the loopback without TLS. */
    readonly insecure?: boolean;
    readonly tokens?: readonly { readonly name: string; readonly roles: readonly string[]; readonly sha256: string }[];
  };
  /** Pool -> class -> room. Default: pool 'default' with class 'small'. */
  readonly pools?: Readonly<Record<string, PoolConfig>>;
  readonly notify?: { readonly url: string; readonly secretEnv?: string; readonly on?: readonly ('failed' | 'done' | 'approval')[] };
  readonly python?: string;
}
export interface PoolConfig {
  /** Class -> { cost in units of the pool's budget, most at once }. */
  readonly classes: Readonly<Record<string, { readonly units?: number; readonly slots?: number }>>;
  /** Units that one worker process has. Default: sum of the slots. */
  readonly budget?: number;
}
export const defineConfig = <const C extends HeddleConfig>(config: C): C => config;
