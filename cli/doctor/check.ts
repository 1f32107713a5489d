/** One line of `heddle doctor`. */
export interface Check {
  readonly name: string;
  /** bad: something that is needed does not work; warn: it works, but look at it. */
  readonly state: 'ok' | 'warn' | 'bad';
  readonly detail: string;
  readonly fix: string | null;
}

export const ok = (name: string, detail: string): Check => ({ name, state: 'ok', detail, fix: null });
export const warn = (name: string, detail: string, fix: string): Check => ({ name, state: 'warn', detail, fix });
export const bad = (name: string, detail: string, fix: string): Check => ({ name, state: 'bad', detail, fix });

/** The first line of whatever was thrown. */
export const reason = (error: unknown): string =>
  (error instanceof Error ? ('what' in error ? String(error.what) : error.message) : String(error)).split('\n', 1)[0] ?? '';
