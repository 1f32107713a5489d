/** How a dataset's files are laid out: codec, row groups, parts, and each column's encoding. Pure. stage-partition.ts uses it. */
import type { RecordBatch } from 'apache-arrow';
import type { FilesDef } from '../../dsl/plan/types.ts';
import type { FileLayout, ColumnEncoding } from './codec-messages.ts';
import type { ColumnType } from './column-types.ts';

/** A profile of 'v1-plain' can be read by the oldest readers: snappy, PLAIN, no dictionary, no DELTA. */
type Profile = 'default' | 'v1-plain';
export interface FileRules {
  readonly profile: Profile;
  /** 65,536 to 250,000: enough to compress well, few enough to prune and to hold in memory. */
  readonly rowsPerGroup: number;
  /** A part is closed with the row group that takes it beyond this; parts have 128 to 512 MB. */
  readonly bytesPerFile: number;
}
const standard: FileRules = { profile: 'default', rowsPerGroup: 131_072, bytesPerFile: 256 * 1024 * 1024 };

/** Those that a dataset declares, the rest as usual. */
export const fileRules = ({ interop, rowsPerGroup, bytesPerFile }: FilesDef = {}): FileRules => ({
  profile: interop ?? standard.profile,
  rowsPerGroup: rowsPerGroup ?? standard.rowsPerGroup,
  bytesPerFile: bytesPerFile ?? standard.bytesPerFile,
});

/** Values looked at to decide for or against an encoding. */
const SAMPLE = 4096;

/** `sample`: the file's first batch. A dictionary where few values are different, DELTA where whole numbers mostly rise. */
export function layoutFor(
  types: readonly ColumnType[],
  sample: RecordBatch,
  { profile, rowsPerGroup }: Pick<FileRules, 'profile' | 'rowsPerGroup'>,
): FileLayout {
  if (profile === 'v1-plain') return { codec: 'snappy', rowsPerGroup, encodings: {} };
  return { codec: 'zstd', rowsPerGroup, encodings: Object.fromEntries(types.map((type) => [type.name, encodingOf(type, sample)])) };
}

function encodingOf({ name, kind }: ColumnType, sample: RecordBatch): ColumnEncoding {
  if (kind === 'category') return 'dictionary';
  if (kind === 'boolean' || kind === 'decimal' || kind === 'doubles' || kind === 'vector' || kind === 'texts') return 'plain';
  const vector = sample.getChild(name);
  if (!vector || vector.length === 0) return 'plain';
  const length = Math.min(SAMPLE, vector.length);
  const seen = new Set<unknown>();
  let rising = 0;
  let last: number | bigint | null = null;
  for (let i = 0; i < length; i++) {
    const value = vector.get(i) as number | bigint | string | null;
    seen.add(value);
    if (typeof value === 'string' || value === null) continue;
    if (last === null || value >= last) rising++;
    last = value;
  }
  if (seen.size <= Math.max(1, length / 4)) return 'dictionary';
  const whole = kind === 'int' || kind === 'int32' || kind === 'int64' || kind === 'timestamp';
  return whole && rising >= 0.9 * length ? 'delta' : 'plain';
}
