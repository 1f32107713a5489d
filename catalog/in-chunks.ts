/** Writes many rows in statements of a hundred: below the limits of bound values that databases have. Only catalog/ uses it. */
export async function inChunks<T>(rows: readonly T[], write: (chunk: T[]) => Promise<unknown>): Promise<void> {
  for (let from = 0; from < rows.length; from += 100) await write(rows.slice(from, from + 100));
}
