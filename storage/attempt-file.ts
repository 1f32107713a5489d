/** The name of an attempt's log: one file a try of the run and an attempt in it. Workers write them, the server reads them. */

export interface AttemptNumber {
  /** Of the run; 0: its first try. */
  readonly retry: number;
  /** From 1 in each try. */
  readonly attempt: number;
}

/** '2.jsonl', of a retry 'r1-2.jsonl'. */
export const attemptFile = ({ retry, attempt }: AttemptNumber): string => `${retry > 0 ? `r${Math.trunc(retry)}-` : ''}${Math.trunc(attempt)}.jsonl`;

/** null for any other name. */
export function attemptOfFile(name: string): AttemptNumber | null {
  const [, retry, attempt] = /^(?:r(\d+)-)?(\d+)\.jsonl$/.exec(name) ?? [];
  return attempt === undefined ? null : { retry: Number(retry ?? 0), attempt: Number(attempt) };
}

/** By try, then by attempt. */
export const inOrder = (a: AttemptNumber, b: AttemptNumber): number => a.retry - b.retry || a.attempt - b.attempt;

/** The newest of those that are asked for; undefined where there is none. */
export function newestAttempt(
  names: readonly string[],
  asked: { readonly retry?: number | undefined; readonly attempt?: number | undefined },
): AttemptNumber | undefined {
  return names
    .flatMap((name) => attemptOfFile(name) ?? [])
    .filter(({ retry, attempt }) => (asked.retry ?? retry) === retry && (asked.attempt ?? attempt) === attempt)
    .sort(inOrder)
    .at(-1);
}
