/** Node's arguments for a child process that runs the same sources: the import conditions of this one, in any spelling. */
export function childArguments(execArgv: readonly string[] = process.execArgv): string[] {
  const conditions = execArgv.flatMap((arg, at) => {
    const [, joined] = /^(?:--conditions|-C)=(.+)$/.exec(arg) ?? [];
    const value = joined ?? (arg === '--conditions' || arg === '-C' ? execArgv[at + 1] : undefined);
    return value === undefined ? [] : [`--conditions=${value}`];
  });
  return [...new Set(conditions), '--disable-warning=ExperimentalWarning'];
}
