/** Row groups of files that lie behind each other, and which of their rows are wanted. Footers are read as they are needed. Worker side. */
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import { readFileInfo, type ColumnInfo, type GroupInfo, type RangeSource } from './columns/column-info.ts';

export interface GroupPiece {
  readonly source: RangeSource;
  readonly group: GroupInfo;
  /** Number of the group's first row among those of all files. */
  readonly firstRow: number;
  /** Rows of the group. */
  readonly from: number;
  readonly to: number;
}

/**
 * Pieces with the rows `first` to before `end`. `onColumns`: called once, with the columns as the first file has them. Throws
 * HDL-BAD-FILE; HDL-FILE-SCHEMA for a file without a column, or with one of another type than the first file has.
 */
export async function* groupsOf(
  sources: readonly (RangeSource & { readonly rows?: number })[],
  names: readonly string[],
  first: number,
  end: number,
  onColumns?: (columns: readonly ColumnInfo[]) => void,
): AsyncGenerator<GroupPiece, undefined> {
  let at = 0;
  let columns: readonly ColumnInfo[] | null = null;
  for (const source of sources) {
    if (columns && at >= end) return;
    if (source.rows !== undefined && source.rows > 0 && at + source.rows <= first) {
      at += source.rows;
      continue;
    }
    const info = await readFileInfo(source, names);
    if (columns) checkSame(columns, info.columns, source.name);
    else {
      columns = info.columns;
      onColumns?.(columns);
    }
    const rows = info.groups.reduce((sum, group) => sum + group.rows, 0);
    if (rows !== info.rows) throw bad(`Its row groups have ${rows} rows, and its footer says ${info.rows}.`, source.name);
    if (source.rows !== undefined && source.rows !== rows) throw bad(`It has ${rows} rows, and its manifest says ${source.rows}.`, source.name);
    for (const group of info.groups) {
      const from = Math.max(0, first - at);
      const to = Math.min(group.rows, end - at);
      if (from < to) yield { source, group, firstRow: at, from, to };
      at += group.rows;
    }
  }
}

const bad = (what: string, where: string): HeddleError => new HeddleError('HDL-BAD-FILE', { what, where });

/** They are written into one file. */
function checkSame(expected: readonly ColumnInfo[], found: readonly ColumnInfo[], where: string): void {
  const kindOf = ({ type, optional, converted, logical }: ColumnInfo): string => JSON.stringify([type, optional, converted, logical]);
  const other = found.find((column, i) => expected[i] && kindOf(expected[i]) !== kindOf(column));
  const first = other && expected.find(({ name }) => name === other.name);
  if (!other || !first) return;
  const shown = ({ type, optional, logical, converted }: ColumnInfo): string =>
    `${type}${optional ? ', may be null' : ''}, ${logical?.type ?? converted ?? 'plain'}`;
  throw new HeddleError('HDL-FILE-SCHEMA', { what: `Column ${other.name} is ${shown(other)}; in the slice's first file it is ${shown(first)}.`, where });
}
