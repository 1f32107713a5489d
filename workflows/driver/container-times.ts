/** From when to when the steps inside of each map, branch and loop ran: those have no times of their own. Sandbox. */
import type { Driver } from './driver.ts';

export interface Times {
  from: number;
  to: number;
}

export function containerTimes(driver: Driver): ReadonlyMap<string, Times> {
  const times = new Map<string, Times>();
  for (const log of driver.journal.logs.values()) {
    const to = log.endedAt ?? log.queuedAt;
    for (const path of ancestors(log.step)) {
      const state = driver.core.step(path);
      if (!state || !isContainer(state.kind)) continue;
      const known = times.get(path);
      if (!known) times.set(path, { from: log.queuedAt, to });
      else {
        if (log.queuedAt < known.from) known.from = log.queuedAt;
        if (to > known.to) known.to = to;
      }
    }
  }
  return times;
}

export const isContainer = (kind: string): boolean => kind === 'map' || kind === 'branch' || kind === 'loop';

/** Paths that a step's path begins with, longest last: what stands before each '.', '[' and '#'. */
export function* ancestors(step: string): Iterable<string> {
  for (let i = 1; i < step.length; i++) {
    const c = step.charCodeAt(i);
    if (c === 46 || c === 91 || c === 35) yield step.slice(0, i);
  }
}
