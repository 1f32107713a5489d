/** The test's side of held-store.ts: arms points, sees which are held, lets them go. Tests only. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../chaos/until.ts';
import type { Point } from './crash-points.ts';

export interface Armed {
  readonly point: Point;
  readonly when: 'before' | 'after';
  /** A part of the address: a run's id where it is in it, else the partition. */
  readonly of: string;
}
export interface Points {
  /** For the processes that shall hold. */
  readonly env: Readonly<Record<'NODE_OPTIONS' | 'HEDDLE_TEST_POINTS', string>>;
  arm(name: string, armed: Armed): void;
  /** Names of the points that a process holds, or held. */
  held(): string[];
  /** Processes that hold one, or held. */
  holders(): number[];
  isHeld(...names: readonly string[]): Promise<unknown>;
  release(...names: readonly string[]): void;
  /** Forgets what was armed and held. */
  clear(): void;
  remove(): void;
}
const FOLDERS = ['armed', 'taken', 'held', 'go'];
const HELD_MS = 60_000;

export function openPoints(): Points {
  const folder = mkdtempSync(join(tmpdir(), 'heddle-points-'));
  const clear = (): void => {
    for (const name of FOLDERS) {
      rmSync(join(folder, name), { recursive: true, force: true });
      mkdirSync(join(folder, name));
    }
  };
  clear();
  const held = (): string[] => readdirSync(join(folder, 'held'));
  return {
    env: { NODE_OPTIONS: `--import=${new URL('./held-store.ts', import.meta.url).href}`, HEDDLE_TEST_POINTS: folder },
    arm(name, armed) {
      writeFileSync(join(folder, 'armed', name), JSON.stringify(armed)); // half of one is no JSON, and is looked at again
    },
    held,
    holders: () => [...new Set(held().map((name) => Number(readFileSync(join(folder, 'held', name), 'utf8'))))],
    isHeld: (...names) =>
      until(
        `held: ${names.join(', ')}`,
        () => {
          const missing = names.filter((name) => !existsSync(join(folder, 'held', name)));
          return missing.length === 0 || Promise.reject(new Error(`not yet: ${missing.join(', ')}`));
        },
        HELD_MS,
      ),
    release(...names) {
      for (const name of names) writeFileSync(join(folder, 'go', name), '');
    },
    clear,
    remove() {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
