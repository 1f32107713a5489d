/** Start time of a process in clock ticks since boot: tells a process from a later one with its id. null where there is none, and off Linux. */
import { readFileSync } from 'node:fs';

export function processStart(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? null : Number(fields[19]);
  } catch {
    return null;
  }
}
