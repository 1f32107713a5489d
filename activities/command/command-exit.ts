/** From the end of a command's process to a failure. Exit codes follow sysexits.h. Pure. */
import { constants } from 'node:os';
import type { StepCall, StepFailure } from '../../dsl/contract/step.ts';
import type { FailureClass } from '../../dsl/plan/types.ts';

const CLASSES: Readonly<Record<number, FailureClass>> = { 65: 'data', 69: 'upstream', 75: 'capacity' };

/** null: the command succeeded. `lastLines`: the end of its stderr. */
export function commandFailure(
  call: StepCall,
  argv: readonly string[],
  exit: { readonly code: number | null; readonly signal: string | null },
  lastLines: readonly string[],
): StepFailure | null {
  if (exit.code === 0) return null;
  // a shell tells of a killed child by 128 + signal
  const number = exit.code !== null && exit.code > 128 && exit.code < 128 + 65 ? exit.code - 128 : null;
  const signal = exit.signal ?? (number === null ? null : (Object.entries(constants.signals).find(([, value]) => value === number)?.[0] ?? null));
  const memory = lastLines.some((line) => /out of memory|MemoryError|Cannot allocate memory/i.test(line));
  const failureClass: FailureClass = memory ? 'capacity' : signal !== null ? 'platform' : (CLASSES[exit.code ?? 1] ?? 'user');
  const how = signal === null ? `ended with exit code ${exit.code}` : `was killed by ${signal}`;
  const tail = lastLines.length === 0 ? '' : `\n${lastLines.join('\n')}`;
  return {
    class: failureClass,
    code: 'HDL-COMMAND-FAILED',
    message: `HDL-COMMAND-FAILED: The command of step ${call.step} (${argv.join(' ')}) ${how}.${tail}`,
  };
}
