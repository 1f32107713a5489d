/**
 * Where a process id means something: one boot of one kernel, one namespace of ids. Containers that share a state folder count
 * theirs apart. Runs on workers.
 */
import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';

let known: string | null | undefined;

/** 12 hex digits; null off Linux. */
export function processPlace(): string | null {
  if (known !== undefined) return known;
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    known = createHash('sha256')
      .update(`${boot} ${readlinkSync('/proc/self/ns/pid')}`)
      .digest('hex')
      .slice(0, 12);
  } catch {
    known = null;
  }
  return known;
}
