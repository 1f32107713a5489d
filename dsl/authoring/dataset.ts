/** Datasets and slices of them: typed handles to published partitions, pinned once a run. Authors' surface. */
import { z } from 'zod';
import type { Duration, Handle, Ref } from './ref.ts';
import type { FilesDef } from '../plan/types.ts';
import type { AnyExpectations, Expectations } from './expectations.ts';
import { dimensionNames, timeDimension, type KeyOf, type PartitionKey, type Partitions, type RollUpKey, type Span, type TimeIn } from './partition.ts';
import { callerPlace } from '../plan/place.ts';
import { exprOf } from '../plan/expr-of.ts';
import { keyExpr } from '../plan/key-expr.ts';
import { makeRef, usesOf } from '../plan/make-ref.ts';
import { shared } from '../plan/recording.ts';

/** `ignore`: a rewrite of its inputs means nothing, for the reason given. `rebuild`: partitions that ended within this time are run again by themselves, once the project is applied. */
export type LateRule = 'mark' | { readonly ignore: string } | { readonly rebuild: Duration };

declare const KEY: unique symbol;
/** Published partitions of one dataset. Without the row type, on purpose: it would fill every message. */
export interface Slice<Name extends string, K> extends Handle<'slice'> {
  readonly dataset: Name;
  readonly uri: string;
  readonly digest: string;
  readonly rows: number;
  readonly bytes: number;
  readonly [KEY]: K;
}
export type SliceSchema<Name extends string, K> = z.ZodType<Slice<Name, K>, Slice<Name, K>>;

export interface Dataset<Name extends string = string, P extends Partitions = Partitions, R = unknown> {
  readonly name: Name;
  readonly uri: string;
  readonly partitions: P;
  /** A partition goes this long after its end (heddle gc); null: never. */
  readonly retain: Duration | null;
  /** Each partition must be published so long after its end, or an alert goes out; null: nobody waits for it. */
  readonly freshBy: Duration | null;
  /** What happens to a partition when one of its inputs is rewritten after its use; null: it is stale, and a plan of a backfill shows it. */
  readonly late: LateRule | null;
  readonly expect: AnyExpectations | null;
  /** How its Parquet files are written. */
  readonly files: FilesDef | null;
  /** Schema of a row. */
  readonly schema: z.ZodType<R>;
  /** Where it was declared. */
  readonly place: string | null;
  /** Schema of a slice: use it in a task's input or output. */
  readonly slice: SliceSchema<Name, KeyOf<P>>;
  /** The one partition named by `key`. */
  at(key: PartitionKey<KeyOf<P>>): Ref<Slice<Name, KeyOf<P>>>;
  /** The partitions of `span` up to and with `key`; `before` leaves `key` itself out. */
  window(key: PartitionKey<KeyOf<P>>, span: Span<TimeIn<KeyOf<P>>>): Ref<Slice<Name, KeyOf<P>>>;
  before(key: PartitionKey<KeyOf<P>>, span: Span<TimeIn<KeyOf<P>>>): Ref<Slice<Name, KeyOf<P>>>;
  /** Of the partitions of `span` before `key` those that are there, null where none is. */
  beforeIfAny(key: PartitionKey<KeyOf<P>>, span: Span<TimeIn<KeyOf<P>>>): Ref<Slice<Name, KeyOf<P>> | null>;
  /**
   * Every partition that has a moment in common with `partition`, which may be of any other grain: all days of a week, the month that holds a day. Of
   * fixed keys that `partition` does not name all, of dynamic keys those that are there when the run pins them.
   */
  within(partition: RollUpKey<KeyOf<P>>): Ref<Slice<Name, KeyOf<P>>>;
  /** Every partition that agrees with the given dimensions; of dynamic keys, and of time, those that are there when the run pins them. */
  where(key: Partial<PartitionKey<KeyOf<P>>>): Ref<Slice<Name, KeyOf<P>>>;
}

export function dataset<const Name extends string, const P extends Partitions, S extends z.ZodObject>(
  name: Name,
  def: {
    uri: `${'hdfs' | 'file' | 'store'}://${string}`;
    partitions: P;
    schema: S;
    retain?: Duration;
    freshBy?: Duration;
    late?: LateRule;
    expect?: Expectations<z.output<NoInfer<S>>>;
    files?: FilesDef;
  },
): Dataset<Name, P, z.output<S>> {
  const names = dimensionNames(def.partitions);
  const mark = z.literal(name);
  const made: Dataset = {
    name,
    uri: def.uri,
    partitions: def.partitions,
    retain: def.retain ?? null,
    freshBy: def.freshBy ?? null,
    late: def.late ?? null,
    files: def.files ?? null,
    expect: (def.expect ?? null) as AnyExpectations | null, // the same, without the row's type
    schema: def.schema,
    place: callerPlace(),
    slice: z.object({
      kind: z.literal('slice'),
      dataset: mark,
      uri: z.string(),
      digest: z.string(),
      rows: z.int(),
      bytes: z.int(),
      partitions: z.array(z.unknown()).or(z.looseObject({})),
    }) as never, // the handle's phantom exists in types only
    at: pick('at'),
    window: pick('window'),
    before: pick('before'),
    beforeIfAny: ifAny,
    where: pick('where'),
    within,
  };
  Object.defineProperty(mark, DATASET, { value: made });
  return made as never; // P and R are the author's

  function ifAny(key: object, span: string): never {
    shared.current?.datasets.add(made);
    const uses = usesOf(...names.map((part) => (key as Readonly<Record<string, unknown>>)[part]));
    return makeRef({ $orElse: [{ $slice: { dataset: name, how: 'before', key: keyExpr(key, names), span, ifAny: true } }, null] }, { uses }) as never; // a proxy
  }
  function within(partition: object): never {
    shared.current?.datasets.add(made);
    const { start, end } = partition as Readonly<Record<string, unknown>>;
    const time = timeDimension(def.partitions);
    const others = names.filter((part) => part !== time);
    const key = { ...keyExpr(partition, others), ...(time !== null && { [time]: { $text: [exprOf(start), '/', exprOf(end)] } }) };
    return makeRef({ $slice: { dataset: name, how: 'within', key } }, { uses: usesOf(start, end) }) as never; // a proxy
  }
  function pick(how: 'at' | 'window' | 'before' | 'where') {
    return (key: object, span?: string): never => {
      shared.current?.datasets.add(made);
      const expr = { $slice: { dataset: name, how, key: keyExpr(key, names), ...(span !== undefined && { span }) } };
      return makeRef(expr, { uses: usesOf(...names.map((part) => (key as Readonly<Record<string, unknown>>)[part])) }) as never; // a proxy
    };
  }
}

/** On the schema of a slice's `dataset` field: it survives .describe(), .nullable() and a second copy of this module. */
const DATASET = Symbol.for('heddle.dataset');
interface ZodDef {
  readonly type: string;
  readonly shape?: Readonly<Record<string, z.ZodType>>;
  readonly innerType?: z.ZodType;
  readonly element?: z.ZodType;
  readonly valueType?: z.ZodType;
  readonly out?: z.ZodType;
  readonly options?: readonly z.ZodType[];
}

/** Datasets of the slices in a schema, with their paths; list elements count as '*'. */
export function slicesIn(schema: z.ZodType, path: readonly string[] = [], depth = 0): { readonly path: readonly string[]; readonly dataset: Dataset }[] {
  if (depth > 12) return []; // a recursive schema holds no slice that a step could publish
  const def = schema.def as unknown as ZodDef; // zod types each kind apart; only these fields are read
  const marked = def.shape?.['dataset'];
  const own = marked && (marked as unknown as Record<symbol, Dataset | undefined>)[DATASET];
  if (own) return [{ path, dataset: own }];
  const inner = def.innerType ?? def.out;
  return [
    ...(inner ? slicesIn(inner, path, depth + 1) : []),
    ...(def.element ? slicesIn(def.element, [...path, '*'], depth + 1) : []),
    ...(def.valueType ? slicesIn(def.valueType, [...path, '*'], depth + 1) : []),
    ...(def.options ?? []).flatMap((option) => slicesIn(option, path, depth + 1)),
    ...Object.entries(def.shape ?? {}).flatMap(([name, field]) => slicesIn(field, [...path, name], depth + 1)),
  ];
}
