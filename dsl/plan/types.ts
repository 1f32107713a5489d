/**
 * The plan: what a pipeline compiles to. Plain JSON, versioned, canonical, hashed. The skeleton travels with the run into
 * the workflow sandbox; contracts stay in the plan store. Pure types; anybody may import this.
 *
 * hash = sha256 of canonical JSON of { format, name, owner, skeleton, contracts }. `places` are not hashed: they hold
 * files and lines, which change with formatting.
 */

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };
export type JsonSchema = JsonObject;

export const PLAN_FORMAT = 1;

export interface Plan {
  readonly format: typeof PLAN_FORMAT;
  readonly name: string;
  readonly owner: string | null;
  readonly skeleton: Skeleton;
  readonly contracts: Contracts;
  /** Step id path within the plan ('trials/train', blocks joined by '/') -> 'pipelines/train.ts:34:18'. Not hashed. */
  readonly places: Readonly<Record<string, string>>;
}

/** About 200 bytes a node. No schemas, no long texts. */
export interface Skeleton {
  readonly format: typeof PLAN_FORMAT;
  readonly name: string;
  readonly onFailure: 'fail' | 'pause';
  /** Names of the partition dimensions; [] for a pipeline without partitions. */
  readonly dimensions: readonly string[];
  /** How the steps of each task run. Key: 'name@version'. */
  readonly tasks: Readonly<Record<string, TaskRules>>;
  readonly body: Block;
  /** Steps that run last, whatever happened. */
  readonly always: Block | null;
  /** Called and started pipelines: name -> plan hash. */
  readonly calls: Readonly<Record<string, string>>;
}

export interface TaskRules {
  /** 'heddle' marks a built-in control task, which runs on the server. */
  readonly pool: string;
  readonly class: string;
  /** Attempts in all that are charged (platform, timeout, upstream, capacity). Default 3. */
  readonly attempts: number;
  /** First wait between attempts, then doubled, at most 100 times as long. */
  readonly backoffMs: number;
  /** Extra attempts by class, for user and data failures, which are final without this. */
  readonly classes?: Readonly<Partial<Record<FailureClass, number>>>;
  /** Start to close, of one attempt. Default 1 h. */
  readonly timeoutMs: number;
  /** Longest silence of a running attempt. Default 60 s. */
  readonly heartbeatMs: number;
  /** Longest time in the queue, from the author; null = no limit. */
  readonly queueMs: number | null;
  /** True when the output holds a staged partition that a publish activity must put in place. */
  readonly publishes: boolean;
  readonly isolate: boolean;
  /** Partitions of a backfill that one attempt may take together; left out: one. */
  readonly batch?: number;
  /** True where the author gave timeout or heartbeat himself. */
  readonly timed: boolean;
}

export type FailureClass = 'user' | 'data' | 'platform' | 'capacity' | 'upstream' | 'timeout';

export interface Block {
  readonly nodes: readonly PlanNode[];
  readonly output: Expr;
}

interface NodeBase {
  /** Unique within its block; default: task name, or block kind ':' first inner id ('map:train'). */
  readonly id: string;
  /** Ids of nodes (of this block or one around it) that must have settled before; a skipped one counts as satisfied. */
  readonly after?: readonly string[];
  /** Paths of this node's output that the interpreter itself must see (conditions, texts, what map runs over). [] = all of it. */
  readonly keep?: readonly (readonly string[])[];
}

export type PlanNode = TaskNode | MapNode | BranchNode | LoopNode | GateNode | WaitNode | PipelineNode | WorkflowNode;

export interface TaskNode extends NodeBase {
  readonly kind: 'task';
  /** 'name@version', a key of skeleton.tasks. */
  readonly task: string;
  readonly input: Expr;
  /** The partition it publishes: { dimension: Expr }. */
  readonly into?: Expr;
}
export interface MapNode extends NodeBase {
  readonly kind: 'map';
  readonly over: Expr;
  /** 'array': inline, at most 1,000 items. 'list': an item list, in chunk children of 500. */
  readonly items: 'array' | 'list';
  /** Items in flight at once. */
  readonly parallel: number;
  /** Failures that the map bears: a count, or a share in 0..1. Failed items are null in the result. */
  readonly tolerate?: { readonly count: number } | { readonly share: number };
  /** Name of an item in step paths; default: its index. Sees $itemN. */
  readonly key?: Expr;
  /**
   * Id of the map (same block) whose result this one runs over, item by item, without a barrier: item i starts when item i
   * there is done; a failed one skips it. Set where `over` is exactly that map's output; for lists only where the body
   * needs nothing beyond what that map needs too.
   */
  readonly fuse?: string;
  /** Nesting depth N of map/loop scopes: the body sees $itemN and $indexN. */
  readonly depth: number;
  readonly body: Block;
}
export interface BranchNode extends NodeBase {
  readonly kind: 'branch';
  readonly if: Expr;
  readonly then: Block;
  readonly else?: Block;
}
export interface LoopNode extends NodeBase {
  readonly kind: 'loop';
  readonly start: Expr;
  readonly depth: number;
  /** Sees $stateN and $roundN (from 1); its output is the next state. */
  readonly body: Block;
  /** Over $stateN, tested after each round. */
  readonly until: Expr;
  readonly max: number;
  readonly onMax: 'fail' | 'stop';
}
export interface GateNode extends NodeBase {
  readonly kind: 'gate';
  readonly ask: Expr;
  readonly show: Expr;
  /** Roles or names that may answer. */
  readonly from: readonly string[];
  readonly withinMs: number;
  readonly onTimeout: 'reject' | 'approve' | 'fail';
}
export interface WaitNode extends NodeBase {
  readonly kind: 'wait';
  readonly on: { readonly slice: Expr } | { readonly path: Expr } | { readonly event: string };
  readonly withinMs: number;
}
export interface PipelineNode extends NodeBase {
  readonly kind: 'pipeline';
  readonly pipeline: string;
  /** 'call' waits for its result; 'start' hands over and gives { runId }. */
  readonly mode: 'call' | 'start';
  readonly params: Expr;
  readonly partition: Expr | null;
}
export interface WorkflowNode extends NodeBase {
  readonly kind: 'workflow';
  /** Workflow type and task queue of the author's own Temporal worker. */
  readonly type: string;
  readonly queue: string;
  readonly input: Expr;
  readonly timeoutMs: number | null;
}

/**
 * JSON in which objects with one `$` key stand for values of the run:
 *   { $ref: [root, ...path] }   root: a node id of this block or one around it, or $params, $partition, $outcome,
 *                               $itemN, $indexN, $stateN, $roundN (N = depth). A path segment into a list is '0', '1'...;
 *                               'length' of a list is its length. A missing list element is null.
 *   { $orElse: [expr, other] }  other when expr was skipped or is null
 *   { $field: [expr, key] }     { $pluck: [expr, key] }: one field of every element
 *   { $op: [name, ...args] }    gt gte lt lte eq all any not isNull
 *   { $text: [part, expr, part, ...] }
 *   { $slice: { dataset, how: 'at'|'window'|'before'|'where'|'within', key: { dim: Expr }, span?, ifAny? } }   pinned (see contract/pins.ts)
 *   { $model: { name: Expr, optional: boolean } }                                              pinned
 *   { $lit: Json }              an author's literal object that has a key beginning with $
 */
export type Expr = Json;

/** Everything about the plan that the sandbox does not need. */
export interface Contracts {
  readonly params: JsonSchema | null;
  readonly partitions: Readonly<Record<string, DimensionDef>> | null;
  readonly schedule: ScheduleDef | null;
  /** A scheduled run must be done so long after its nominal time. */
  readonly deadlineMs?: number;
  /** What starts it beside its schedule. Left out: nothing. */
  readonly triggers?: readonly TriggerDef[];
  readonly tasks: Readonly<Record<string, TaskContract>>;
  readonly datasets: Readonly<Record<string, DatasetDef>>;
  /** Schemas of events waited for: event name -> JSON Schema. */
  readonly events: Readonly<Record<string, JsonSchema>>;
}
export interface TaskContract {
  readonly name: string;
  readonly version: string;
  readonly owner: string | null;
  readonly input: JsonSchema;
  readonly output: JsonSchema;
  /** Output paths ('' = the output itself) that hold a slice that the task publishes -> dataset name. */
  readonly publishes: Readonly<Record<string, string>>;
  readonly command?: readonly string[];
}
export interface DimensionDef {
  readonly kind: 'hour' | 'day' | 'week' | 'month' | 'quarter' | 'year' | 'cron' | 'keys' | 'dynamic';
  readonly start?: string;
  readonly timezone?: string;
  /** Of kind 'cron': a partition lasts from one fire to the next. */
  readonly cron?: string;
  readonly keys?: readonly string[];
}
export interface DatasetDef {
  readonly name: string;
  /** 'store://flights/raw' is relative to <storage.root>/<project>; file:///abs, hdfs://... are absolute. */
  readonly uri: string;
  /** Dimension name -> definition, in the order of the path: <uri>/day=2001-03-01/. */
  readonly partitions: Readonly<Record<string, DimensionDef>>;
  /** JSON Schema of one row. */
  readonly schema: JsonSchema;
  readonly retainMs?: number;
  /** Each partition must be published so long after its end. */
  readonly freshByMs?: number;
  /** What happens to its partitions when an input is rewritten after their use. Left out: they are stale, and a plan shows it. */
  readonly late?: { readonly rule: 'ignore'; readonly note: string } | { readonly rule: 'rebuild'; readonly withinMs: number };
  /** What must hold before a partition is published. */
  readonly expect?: ExpectDef;
  readonly files?: FilesDef;
}
/** How a dataset's Parquet files are written. */
export interface FilesDef {
  /** 'v1-plain' can be read by the oldest readers: snappy, PLAIN, no dictionary, no DELTA. It is larger. */
  readonly interop?: 'v1-plain';
  /** 131,072 unless given. */
  readonly rowsPerGroup?: number;
  /** A part is closed with the row group that takes it beyond this: 256 MiB unless given. */
  readonly bytesPerFile?: number;
}
/** See dsl/authoring/expectations.ts. */
export interface ExpectDef {
  readonly rows?: { readonly min?: number; readonly max?: number; readonly band?: number; readonly against?: number };
  readonly nulls?: Readonly<Record<string, number>>;
  readonly unique?: readonly string[];
  readonly range?: Readonly<Record<string, readonly [number | null, number | null]>>;
  readonly freshnessMs?: Readonly<Record<string, number>>;
}
/** See dsl/authoring/triggers.ts. */
export type TriggerDef =
  | { readonly kind: 'published'; readonly datasets: readonly string[]; readonly settleMs: number }
  | { readonly kind: 'request' }
  | { readonly kind: 'path'; readonly uri: string; readonly everyMs: number }
  | { readonly kind: 'ended'; readonly pipeline: string; readonly statuses: readonly ('done' | 'failed' | 'cancelled')[] }
  | { readonly kind: 'alias'; readonly model: string };
export interface ScheduleDef {
  /** '' with everyMs. */
  readonly cron: string;
  readonly timezone: string;
  readonly overlap: 'skip' | 'queue' | 'cancel-other';
  readonly catchupMs: number;
  readonly jitterMs: number;
  /** At whole multiples of this since 1970-01-01T00:00Z. */
  readonly everyMs?: number;
  /** Each pipeline has its own fixed place in this time after the minute. */
  readonly spreadMs?: number;
  /** Local days without a tick: '2001-12-25'. */
  readonly except?: readonly string[];
}
