/** How long a model takes for one row alone, as a serving process would ask it. Worker side. */
const ROWS = 100;

/** Median over the first rows of `x` (rows x width), ms; the first call is not counted. */
export async function rowLatencyMs(x: Float32Array, width: number, score: (row: Float32Array) => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  const rows = Math.min(ROWS, Math.floor(x.length / width));
  for (let row = 0; row < rows; row++) {
    const one = x.slice(row * width, (row + 1) * width); // scoring may hand it to a thread
    const started = performance.now();
    await score(one);
    if (row > 0) times.push(performance.now() - started);
  }
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN;
}
