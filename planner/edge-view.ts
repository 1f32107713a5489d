/**
 * The upstream partitions of cells along one edge, as places in a list: for each cell a range of places, and for each place the
 * key and the row of what is published. Where both sides have one dimension of time of one kind the list is made once for all
 * cells and a range is two numbers; else it is made for each cell. Pure.
 */
import { isGrain } from '../calendar/time-grain.ts';
import type { Dimensions, Key } from '../calendar/partition-scope.ts';
import type { DimensionDef, JsonObject } from '../dsl/plan/types.ts';
import type { PartitionTable } from './partition-table.ts';
import type { Edge } from './pipeline-facts.ts';
import { TimeLine } from './time-line.ts';
import { upstreamOf } from './upstream.ts';

export interface EdgeView {
  readonly edge: Edge;
  /** Sets `from` and `to` (not included). A partition before the dataset's first is one that is not there. Throws HDL-BAD-SPAN. */
  look(key: Key): void;
  readonly from: number;
  readonly to: number;
  keyAt(place: number): string;
  /** -1: not published. */
  rowAt(place: number): number;
}

/** `range`: first and last key of the cells that will be looked at, where these have one dimension of time alone. */
export function viewOf(
  edge: Edge,
  dimensions: Dimensions,
  table: PartitionTable | undefined,
  range: { readonly first: string; readonly last: string } | null,
): EdgeView {
  const line = range && lineOf(edge, dimensions, range);
  return line ? new LineView(edge, line, table) : new ListView(edge, dimensions, table);
}

class ListView implements EdgeView {
  readonly edge: Edge;
  readonly from = 0;
  to = 0;
  private keys: readonly string[] = [];
  private readonly upstream: (key: Key) => readonly string[];
  private readonly table: PartitionTable | undefined;

  constructor(edge: Edge, dimensions: Dimensions, table: PartitionTable | undefined) {
    this.edge = edge;
    this.table = table;
    this.upstream = upstreamOf(edge, dimensions, table);
  }
  look(key: Key): void {
    this.keys = this.upstream(key);
    this.to = this.keys.length;
  }
  keyAt(place: number): string {
    return this.keys[place] ?? '';
  }
  rowAt(place: number): number {
    return this.table?.row(this.keyAt(place)) ?? -1;
  }
}

interface Line {
  readonly times: TimeLine;
  /** Field of the cell's key. */
  readonly field: string;
  /** Partitions after the cell's own: -1 for `previous`. */
  readonly offset: number;
}

class LineView implements EdgeView {
  readonly edge: Edge;
  from = 0;
  to = 0;
  private readonly line: Line;
  private readonly rows: Int32Array;

  constructor(edge: Edge, line: Line, table: PartitionTable | undefined) {
    this.edge = edge;
    this.line = line;
    this.rows = Int32Array.from(line.times.texts, (text) => table?.row(text) ?? -1);
  }
  look(key: Key): void {
    const { times, field, offset } = this.line;
    const text = key[field] ?? '';
    const place = times.place(text) + offset;
    if (times.place(text) < 0 || place < 0) throw new Error(`${text} is beyond the range of the plan`);
    const { how, span } = this.edge;
    this.to = how === 'before' ? place : place + 1;
    this.from = how === 'at' || span === null ? place : times.windowStart(this.to, span);
  }
  keyAt(place: number): string {
    return this.line.times.texts[place] ?? '';
  }
  rowAt(place: number): number {
    return this.rows[place] ?? -1;
  }
}

/** null where it takes more than an offset. */
function lineOf(edge: Edge, dimensions: Dimensions, range: { readonly first: string; readonly last: string }): Line | null {
  const [own, ...moreOwn] = Object.entries(dimensions);
  const [theirs, ...more] = Object.entries(edge.dataset.partitions);
  if (!own || !theirs || moreOwn.length > 0 || more.length > 0 || edge.how === 'where' || !sameTimes(own[1], theirs[1])) return null;
  const expr = edge.key[theirs[0]] as JsonObject | string | undefined;
  const ref = typeof expr === 'object' ? expr['$ref'] : undefined;
  if (!Array.isArray(ref)) return null;
  const path = (ref as readonly string[]).slice(1);
  const field = path.at(-1) ?? '';
  const steps = path.slice(0, -1);
  if (field !== own[0] || steps.some((step) => step !== 'next' && step !== 'previous')) return null;
  const offset = steps.reduce((sum, step) => sum + (step === 'next' ? 1 : -1), 0);
  const times = new TimeLine(theirs[0], theirs[1], range.first, range.last, { before: steps.length + 2, span: edge.span, after: steps.length + 2 });
  return { times, field, offset };
}

const sameTimes = (a: DimensionDef, b: DimensionDef): boolean => isGrain(a.kind) && a.kind === b.kind && (a.timezone ?? 'UTC') === (b.timezone ?? 'UTC');
