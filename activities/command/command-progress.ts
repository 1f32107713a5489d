/** Progress lines of a command's stdout: `::progress 3/10 note`, `::progress 3 note`. Pure. */
export interface CommandProgress {
  readonly done: number;
  readonly total: number | null;
  readonly note: string | null;
}

const LINE = /^::progress\s+(\d+(?:\.\d+)?)(?:\s*\/\s*(\d+(?:\.\d+)?))?(?:\s+(.*))?$/;

export function parseProgress(line: string): CommandProgress | null {
  const found = LINE.exec(line.trimEnd());
  if (!found) return null;
  const [, done, total, note] = found;
  return { done: Number(done), total: total === undefined ? null : Number(total), note: note ? note : null };
}
