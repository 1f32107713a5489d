/**
 * Ids of the catalog's own rows and of runs: ULIDs, in order of their making within a process, and ULID-shaped hashes where
 * an id must be the same however often it is made.
 */
import { createHash } from 'node:crypto';
import { monotonicFactory } from 'ulid';

const next = monotonicFactory();

/** A new ULID: 26 characters, sorts by time. */
export const newId = (): string => next();

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/**
 * The run id of a child: the parent's time (first 10 characters) and 80 bits of sha256(parent, step). The same for the same
 * parent and step, so that preparing a child twice gives one run.
 */
export function childRunId(parentRunId: string, step: string): string {
  const bytes = createHash('sha256').update(`${parentRunId}\0${step}`).digest();
  let tail = '';
  for (let i = 0; i < 16; i++) {
    const bit = i * 5;
    const word = ((bytes[bit >> 3] ?? 0) << 8) | (bytes[(bit >> 3) + 1] ?? 0);
    tail += alphabet[(word >> (11 - (bit & 7))) & 31];
  }
  return parentRunId.slice(0, 10) + tail;
}
