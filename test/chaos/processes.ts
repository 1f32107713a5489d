/** Processes by their number: who lives, whose children, and their end by SIGKILL. For tests on Linux. */
import { readFileSync, readdirSync } from 'node:fs';

/** Zombies are dead: nothing of them runs. */
export function alive(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.[0] !== 'Z';
  } catch {
    return false;
  }
}

export function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8')
        .split(' ')
        .filter((text) => text !== '')
        .map(Number),
    );
  } catch {
    return []; // it has ended
  }
}

/** A process, then its children: a supervisor must not see its child end and start another. */
export function killFamily(pid: number): number[] {
  const family = [pid, ...childrenOf(pid)];
  for (const member of family) {
    try {
      process.kill(member, 'SIGKILL');
    } catch {
      // it has ended by itself
    }
  }
  return family;
}
