/**
 * Columns of a batch, as Arrow gives them, into rows of a matrix: float32, row after row, the layout that training and ONNX
 * Runtime take. Pure; worker side.
 */
export interface Columnar {
  readonly numRows: number;
  readonly columns: Readonly<Record<string, ArrayLike<number | bigint | boolean | null>>>;
}

/** Writes the batch behind `row` rows of `x` (rows x features). A null becomes NaN, which the checks before training name. Throws for a missing column. */
export function fillMatrix({ numRows, columns }: Columnar, features: readonly string[], x: Float32Array, row: number): void {
  const width = features.length;
  if ((row + numRows) * width > x.length) throw new Error(`${numRows} more rows do not fit: the matrix has room for ${x.length / width - row}`);
  for (const [f, name] of features.entries()) {
    const column = columns[name];
    if (!column) throw new Error(`the batch has no column ${name}: it has ${Object.keys(columns).join(', ')}`);
    for (let i = 0; i < numRows; i++) {
      const value = column[i];
      x[(row + i) * width + f] = value === null || value === undefined ? Number.NaN : Number(value);
    }
  }
}
