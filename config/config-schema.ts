/** What heddle.config.ts may hold, checked at run time. The type that authors see is HeddleConfig in dsl/config.ts. */
import { z } from 'zod';
import { durationMs } from '../dsl/authoring/duration.ts';
import type { HeddleConfig } from '../dsl/config.ts';

const name = z.string().regex(/^[A-Za-z][A-Za-z0-9_.-]*$/, 'letters, digits, dots, dashes and underscores, beginning with a letter');
const text = z.string().min(1, 'a text that is not empty');
const address = z.string().regex(/^(\[[0-9a-fA-F:]+\]|[^\s:/]+):\d{1,5}$/, "host:port, for instance '127.0.0.1:7233'");
const url = z.string().regex(/^https?:\/\/[^\s/]+/, 'an address that begins with http:// or https://');
const duration = z.string().refine((value) => durationMs(value) !== null, "a duration, for instance '30d'");

const pool = z.strictObject({
  classes: z
    .record(
      name,
      z
        .strictObject({
          units: z.number().positive().optional(),
          slots: z.int().positive().optional(),
          backfill: z.strictObject({ least: z.int().min(0).optional(), most: z.int().positive().optional() }).optional(),
        })
        .refine(
          ({ slots = 8, backfill }) => (backfill?.least ?? 0) <= Math.min(slots, backfill?.most ?? slots) && (backfill?.most ?? 1) <= slots,
          'backfill.least <= backfill.most <= slots',
        ),
    )
    .refine((classes) => Object.keys(classes).length > 0, 'at least one class'),
  budget: z.number().positive().optional(),
});

const hdfs = z.strictObject({
  namenodes: z.array(url).min(1, "at least one address, for instance 'http://namenode:9870'"),
  user: text.optional(),
  doas: text.optional(),
  tokenFile: text.optional(),
  auth: z.enum(['simple', 'kerberos']).optional(),
  tls: z.strictObject({ ca: text.optional() }).optional(),
  hosts: z.record(text, z.string().regex(/^(https?:\/\/)?[^\s/]+$/, 'host:port, or http(s)://host:port')).optional(),
  timeouts: z
    .strictObject({ connectMs: z.int().positive().optional(), idleMs: z.int().positive().optional(), failoverMs: z.int().positive().optional() })
    .optional(),
});

const tls = z.strictObject({ ca: text.optional() }).optional();
const count = z.int().positive().optional();
const cache = z.discriminatedUnion(
  'kind',
  [
    z.strictObject({ kind: z.literal('embedded'), folder: text.optional(), maxBytes: count }),
    z.strictObject({
      kind: z.literal('redis'),
      address: address.optional(),
      username: text.optional(),
      passwordSecret: text.optional(),
      db: z.int().nonnegative().optional(),
      tls,
      prefix: z
        .string()
        .regex(/^[A-Za-z0-9._-]+$/, 'letters, digits, dots, dashes and underscores')
        .optional(),
      inFlight: count,
    }),
    z.strictObject({
      kind: z.literal('cassandra'),
      contactPoints: z.array(text).min(1, 'at least one node'),
      localDataCenter: text,
      keyspace: z.string().regex(/^[a-z][a-z0-9_]{0,47}$/, 'small letters, digits and underscores, at most 48'),
      username: text.optional(),
      passwordSecret: text.optional(),
      tls,
      consistency: z.enum(['LOCAL_QUORUM', 'QUORUM', 'LOCAL_ONE', 'ONE']).optional(),
      replication: count,
      inFlight: count,
    }),
  ],
  "an object with kind: 'embedded', 'redis' or 'cassandra'",
);

export const configSchema = z.strictObject({
  project: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]{0,62}$/i, 'letters, digits, dots, dashes and underscores; at most 63')
    .optional(),
  pipelines: z.array(text).min(1, "at least one glob, for instance 'pipelines/**/*.ts'"),
  temporal: z
    .strictObject({
      address: address.optional(),
      namespace: text.optional(),
      tls: z
        .strictObject({ ca: text.optional(), cert: text.optional(), key: text.optional(), serverName: text.optional() })
        .refine(({ cert, key }) => (cert === undefined) === (key === undefined), 'cert and key go together')
        .optional(),
      apiKey: text.optional(),
    })
    .optional(),
  catalog: z
    .string()
    .regex(/^(sqlite:.+|postgres(ql)?:\/\/.+)$/, "'sqlite:<file>' or 'postgres://user@host/database'")
    .optional(),
  storage: z.strictObject({ root: text.optional() }).optional(),
  hdfs: z.record(name, hdfs).optional(),
  server: z
    .strictObject({
      listen: address.optional(),
      url: url.optional(),
      tls: z.strictObject({ cert: text, key: text }).optional(),
      insecure: z.boolean().optional(),
      tokens: z
        .array(
          z.strictObject({
            name: text,
            roles: z.array(text),
            sha256: z.string().regex(/^[0-9a-fA-F]{64}$/, 'the SHA-256 of the token, 64 hexadecimal digits'),
          }),
        )
        .optional(),
    })
    .optional(),
  caches: z.record(name, cache).optional(),
  pools: z
    .record(name, pool)
    .refine((pools) => Object.keys(pools).length > 0, 'at least one pool')
    .optional(),
  backfill: z.strictObject({ confirmAbove: z.int().nonnegative().optional() }).optional(),
  retention: z
    .strictObject({
      generations: z.strictObject({ keep: z.int().nonnegative().optional(), atLeast: duration.optional() }).optional(),
      runs: duration.optional(),
      logs: duration.optional(),
    })
    .optional(),
  notify: z.strictObject({ url, secretEnv: text.optional(), on: z.array(z.enum(['failed', 'done', 'approval'])).optional() }).optional(),
  lineage: z
    .strictObject({ url: url.optional(), file: text.optional(), namespace: text.optional(), tokenEnv: text.optional() })
    .refine((lineage) => (lineage.url === undefined) !== (lineage.file === undefined), 'either a url or a file')
    .optional(),
  tracking: z.strictObject({ mlflow: z.strictObject({ url, experiment: text, tokenEnv: text.optional() }) }).optional(),
  python: text.optional(),
});

/** The schema and the type say the same; a difference is a compile error here. */
type Fits<A, B extends A> = B;
export type CheckedConfig = Fits<LooseConfig, z.output<typeof configSchema>>;
/** HeddleConfig with its optional members also allowed to be undefined, as zod gives them. */
type LooseConfig = Loose<HeddleConfig>;
type Loose<T> = T extends readonly (infer I)[]
  ? readonly Loose<I>[]
  : T extends object
    ? { [K in keyof T]: Loose<T[K]> | (undefined extends T[K] ? undefined : never) }
    : T;
