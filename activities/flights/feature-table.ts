/** Batches of feature rows -> one matrix with what training and scoring need beside it. Worker side. */
import { FEATURES, type Feature } from './feature-vector.ts';
import { fillMatrix, type Columnar } from '../training/fill-matrix.ts';
import type { TrainingSet } from '../training/training-set.ts';

export interface FeatureBatch {
  readonly numRows: number;
  readonly columns: {
    readonly flight: ArrayLike<number>;
    readonly at: ArrayLike<number>;
    readonly origin: ArrayLike<string>;
    readonly destination: ArrayLike<string>;
    readonly late: ArrayLike<number>;
  } & { readonly [F in Feature]: ArrayLike<number> };
}
export interface FeatureTable extends TrainingSet {
  readonly flight: Int32Array;
}

/** `rows`: what the slice says; another number throws. Rows must come in the order of time, as partitions do. */
export async function gatherFeatures(batches: AsyncIterable<FeatureBatch>, rows: number): Promise<FeatureTable> {
  const width = FEATURES.length;
  const x = new Float32Array(rows * width);
  const y = new Uint8Array(rows);
  const at = new Int32Array(rows);
  const flight = new Int32Array(rows);
  const origin = new Uint16Array(rows);
  const codes = new Map<string, number>();
  let offset = 0;
  for await (const { numRows, columns } of batches) {
    if (offset + numRows > rows) throw new Error(`the slice says it has ${rows} rows, and more came`);
    fillMatrix({ numRows, columns: columns as unknown as Columnar['columns'] }, FEATURES, x, offset); // the feature columns are numbers
    for (let i = 0; i < numRows; i++) {
      const from = columns.origin[i]!;
      const code = codes.get(from) ?? codes.size;
      codes.set(from, code);
      origin[offset + i] = code;
      y[offset + i] = Number(columns.late[i]);
      at[offset + i] = Number(columns.at[i]);
      flight[offset + i] = Number(columns.flight[i]);
    }
    offset += numRows;
  }
  if (offset !== rows) throw new Error(`the slice says it has ${rows} rows, and ${offset} came`);
  return { rows, features: FEATURES, x, y, at, origin, origins: [...codes.keys()], flight };
}
