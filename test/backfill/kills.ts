/**
 * A backfill of many cells, some poisoned, paused once, while server and worker are killed, and Temporal too: nothing is lost,
 * nothing doubled, never more at once than allowed. kills.test.ts runs a small one, kills.full.test.ts one of 2,000.
 */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { expect } from 'vitest';
import type { BackfillReport } from '../../api/backfills/finish-backfill.ts';
import type { DeadCell } from '../../api/backfills/control-backfill.ts';
import type { BackfillView } from '../../cli/client/client.ts';
import { killAndStart, linesOf, startSystem, type Victim } from '../chaos/system.ts';
import { until } from '../chaos/until.ts';
import { thirtyDays } from './thirty-days.ts';

export interface KillsOptions {
  readonly cells: number;
  readonly poisoned: number;
  readonly concurrency: number;
  /** Killed when so many cells have ended. */
  readonly kills: readonly (readonly [after: number, victim: Victim])[];
  readonly pauseAfter: number;
  readonly limitMs: number;
}

const dayOf = (i: number): string => new Date(Date.UTC(2001, 0, 1 + i)).toISOString().slice(0, 10);

export async function runUnderKills(options: KillsOptions): Promise<void> {
  const system = await startSystem({ files: { 'pipelines/days.ts': thirtyDays() } });
  try {
    const json = async <T>(...args: string[]): Promise<T> => {
      const { code, stdout, stderr } = await system.heddle(...args, '--json');
      expect(code, `${args.join(' ')}: ${stderr}${stdout}`).toBeLessThan(2);
      return JSON.parse(stdout) as T;
    };
    const { cells, poisoned, concurrency } = options;
    const bad = Array.from({ length: poisoned }, (_, i) => dayOf(3 + i * Math.floor(cells / poisoned)));
    writeFileSync(join(system.folder, 'poison'), bad.join('\n'));
    const planned = await json<BackfillView>('backfill', 'plan', 'counts', '--from', dayOf(0), '--to', dayOf(cells - 1), '--concurrency', String(concurrency));
    expect(planned.cells).toBe(cells);
    await json('backfill', 'start', planned.id, '--confirm', String(cells));
    const ended = (): number => linesOf(join(system.folder, 'calls')).length;
    const look = async (): Promise<BackfillView | null> => {
      const answer = await system.call<BackfillView>('GET', `/backfills/${planned.id}`);
      return answer?.status === 200 ? answer.body : null;
    };
    const moments = [...options.kills, [options.pauseAfter, 'pause'] as const].sort(([a], [b]) => a - b);
    for (const [after, what] of moments) {
      await until(`${after} cells`, () => ended() >= after, options.limitMs);
      if (what !== 'pause') {
        await killAndStart(system, what);
        continue;
      }
      await until('the pause', async () => (await system.call('POST', `/backfills/${planned.id}/pause`, {}))?.status === 200);
      await new Promise((resolve) => {
        setTimeout(resolve, 2_000); // what is promised: within 2 s nothing new starts
      });
      const before = ended();
      await new Promise((resolve) => {
        setTimeout(resolve, 1_500);
      });
      expect(ended()).toBe(before);
      expect(await look()).toMatchObject({ state: 'paused' });
      await until('the resume', async () => (await system.call('POST', `/backfills/${planned.id}/resume`, {}))?.status === 200);
    }
    const done = await until('the end', async () => ((await look())?.state === 'done' ? look() : null), options.limitMs);
    expect(done).toMatchObject({ counts: { done: cells - poisoned, failed: poisoned, blocked: 0, cancelled: 0 } });
    expect(done.report as unknown as BackfillReport).toMatchObject({ gapCount: 0, left: 0 });
    const { items: dead } = await json<{ items: DeadCell[] } & { dead: DeadCell[] }>('backfill', 'show', planned.id).then(({ dead: items }) => ({ items }));
    expect(dead.map(({ key }) => key).sort()).toEqual([...bad].sort());

    // nothing doubled: one generation of each partition, and none of a poisoned one
    const folder = join(system.store, 't', 'counts');
    const days = readdirSync(folder).filter((name) => name.startsWith('day='));
    expect(days).toHaveLength(cells - poisoned);
    expect(readdirSync(join(folder, '.heddle')).filter((name) => name === 'gen')).toEqual([]);

    const intervals = await cellIntervals(system.temporal.address, `p:backfill:${planned.id}`);
    expect(intervals.length).toBeGreaterThanOrEqual(cells);
    expect(mostAtOnce(intervals)).toBeLessThanOrEqual(concurrency);

    writeFileSync(join(system.folder, 'poison'), '');
    const again = await json<BackfillView>('backfill', 'redo', planned.id);
    expect(again.cells).toBe(poisoned);
    const redone = await json<BackfillView>('backfill', 'start', again.id, '--wait');
    expect(redone).toMatchObject({ state: 'done', counts: { done: poisoned, failed: 0 } });
    expect(readdirSync(folder).filter((name) => name.startsWith('day='))).toHaveLength(cells);
  } finally {
    await system.stop();
  }
}

/** From the first activity of each cell to the end of its last, ms, by the histories of the pages' workflows. */
async function cellIntervals(address: string, root: string): Promise<(readonly [from: number, to: number])[]> {
  const connection = await Connection.connect({ address });
  try {
    const client = new Client({ connection });
    const intervals: (readonly [number, number])[] = [];
    for (let page = 0; ; page++) {
      const handle = client.workflow.getHandle(`${root}/page/${page}`);
      const history = await handle.fetchHistory().catch(() => null);
      if (!history) return intervals;
      const cellOf = new Map<string, string>();
      const times = new Map<string, { from: number; to: number }>();
      for (const event of history.events ?? []) {
        const at = Number(event.eventTime?.seconds ?? 0) * 1000 + (event.eventTime?.nanos ?? 0) / 1e6;
        const id = event.activityTaskScheduledEventAttributes?.activityId;
        const cell = id == null ? undefined : /^(\d+):/.exec(id)?.[1];
        if (cell !== undefined) {
          cellOf.set(String(event.eventId), cell);
          const known = times.get(cell);
          if (!known) times.set(cell, { from: at, to: at });
          continue;
        }
        const over = event.activityTaskCompletedEventAttributes ?? event.activityTaskFailedEventAttributes ?? event.activityTaskCanceledEventAttributes;
        const ended = over ? cellOf.get(String(over.scheduledEventId)) : undefined;
        const own = ended === undefined ? undefined : times.get(ended);
        if (own) own.to = Math.max(own.to, at);
      }
      for (const { from, to } of times.values()) intervals.push([from, to]);
    }
  } finally {
    await connection.close();
  }
}

function mostAtOnce(intervals: readonly (readonly [number, number])[]): number {
  const changes = intervals.flatMap(([from, to]) => [[from, 1] as const, [to, -1] as const]).sort(([a, x], [b, y]) => a - b || x - y);
  let now = 0;
  let most = 0;
  for (const [, by] of changes) most = Math.max(most, (now += by));
  return most;
}
