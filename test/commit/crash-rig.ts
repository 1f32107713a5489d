/**
 * The whole system for the crash matrix: real Temporal, server and worker, whose local file system holds at the points that
 * a test arms, many runs at once, each in a partition of its own. One kill then takes all of them at their points. Tests only.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { RunDetail } from '../../dsl/contract/api.ts';
import type { SliceHandle } from '../../dsl/contract/step.ts';
import type { DatasetDef } from '../../dsl/plan/types.ts';
import { listPartitions, type PublishedPartition } from '../../storage/datasets/list-partitions.ts';
import { pinSlice } from '../../storage/datasets/pin-slice.ts';
import { openStore, type Store } from '../../storage/store.ts';
import { childUri } from '../../storage/uri.ts';
import { startSystem, type System } from '../chaos/system.ts';
import { valuesOf } from './commit-kit.ts';
import { crashConfig, crashPipeline } from './crash-project.ts';
import { POINTS, type Point } from './crash-points.ts';
import { openPoints, type Points } from './points-folder.ts';

/** One cell of the matrix: a run that replaces a partition and is held at a point of it. */
export interface Cell {
  readonly name: string;
  readonly point: Point;
  readonly when: 'before' | 'after';
  readonly day: string;
  /** As it was before: generation 1. */
  readonly old: SliceHandle;
  readonly runId: string;
}
export const OLD = [1, 2];
export const NEW = [3, 4, 5];
export const crashRows: DatasetDef = {
  name: 'crash.rows',
  uri: 'store://crash/rows',
  partitions: { day: { kind: 'day', start: '2001-01-01' } },
  schema: { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] },
};
/** A worker that dies in a publish is missed after a minute. */
const END_MS = 240_000;

export class CrashRig {
  readonly system: System;
  readonly points: Points;
  readonly store: Store;
  private planHash = '';
  private days = 0;
  private gates = 0;

  private constructor(system: System, points: Points) {
    this.system = system;
    this.points = points;
    this.store = openStore({ root: join(system.folder, '.heddle', 'store'), project: 'p' });
  }

  static async start(): Promise<CrashRig> {
    const points = openPoints();
    const system = await startSystem({ files: { 'heddle.config.ts': crashConfig, 'pipelines/crash.ts': crashPipeline }, env: points.env });
    const rig = new CrashRig(system, points);
    const first = await system.run('crash.build', '--partition', rig.newDay(), '--param', 'gate=', '--param', `values=${JSON.stringify(OLD)}`);
    rig.planHash = (await system.ended(first)).planHash;
    return rig;
  }

  async stop(): Promise<void> {
    await this.system.stop();
    this.points.remove();
  }

  /** One that no other run of this test file writes. */
  newDay(): string {
    return new Date(Date.UTC(2001, 0, 1 + this.days++)).toISOString().slice(0, 10);
  }

  /** '' for no gate. */
  newGate(): string {
    return join(this.system.folder, `gate-${this.gates++}`);
  }

  async run(day: string, values: readonly number[], gate = ''): Promise<string> {
    const body = { pipeline: 'crash.build', planHash: this.planHash, params: { gate, values }, partition: { day } };
    const answer = await this.system.call<RunDetail>('POST', '/runs', body);
    expect(answer, JSON.stringify(answer)).toMatchObject({ status: 200 });
    return answer?.body.runId ?? '';
  }

  async done(...runIds: readonly string[]): Promise<void> {
    for (const runId of runIds) {
      const run = await this.system.ended(runId, END_MS);
      expect(run, JSON.stringify(run.failures)).toMatchObject({ status: 'done', failures: [] });
    }
  }

  async pin(day: string): Promise<SliceHandle> {
    const slice = await pinSlice(this.store, crashRows, [{ day }]);
    if ('missing' in slice) throw new Error(slice.missing);
    return slice;
  }
  values(slice: SliceHandle): Promise<number[]> {
    return valuesOf(this.store, crashRows, slice);
  }

  /** A partition published once, and a run each that replaces it, all held at their points when this comes back. */
  async cells(points: readonly Point[] = POINTS, moments: readonly Cell['when'][] = ['before', 'after']): Promise<Cell[]> {
    const wanted = points.flatMap((point) => moments.map((when) => ({ point, when, name: `${point} ${when}`, day: this.newDay() })));
    await this.done(...(await Promise.all(wanted.map(({ day }) => this.run(day, OLD)))));
    const cells: Cell[] = [];
    const gate = this.newGate();
    for (const cell of wanted) cells.push({ ...cell, old: await this.pin(cell.day), runId: await this.run(cell.day, NEW, gate) });
    this.points.clear();
    for (const { name, point, when, day, runId } of cells) {
      const byPartition = point === 'intent' || point === 'rename away' || point === 'intent removed';
      this.points.arm(name, { point, when, of: byPartition ? day : runId });
    }
    writeFileSync(gate, '');
    await this.points.isHeld(...cells.map(({ name }) => name));
    return cells;
  }

  /** Another run for each of the partitions, held before it is checked. */
  async heldBeside(cells: readonly Cell[], values: readonly number[]): Promise<string[]> {
    const gate = this.newGate();
    const runIds = await Promise.all(cells.map(({ day }) => this.run(day, values, gate)));
    const names = runIds.map((_, i) => `beside ${i}`);
    for (const [i, of] of runIds.entries()) this.points.arm(names[i] ?? '', { point: 'check', when: 'before', of });
    writeFileSync(gate, '');
    await this.points.isHeld(...names);
    return runIds;
  }

  /** A newer publish came first, or not. */
  async doneOrFenced(runId: string, name: string): Promise<void> {
    const { status, failures } = await this.system.ended(runId, END_MS);
    if (status !== 'done') expect(failures, name).toMatchObject([{ code: 'HDL-FENCED' }]);
  }

  /** Whose number is higher: `own` where the run's is in place. */
  async newestOf(day: string, runId: string, own: readonly number[], other: readonly number[]): Promise<readonly number[]> {
    const { partitions } = await listPartitions(this.store, crashRows);
    return partitions.find(({ key }) => key['day'] === day)?.manifest.runId === runId ? own : other;
  }

  /** What must hold of a partition when all is over. `old` stays readable under its pin. */
  async isWhole({ day, old, name }: Pick<Cell, 'day' | 'old' | 'name'>, values: readonly number[], generation: number, runs: readonly string[]): Promise<void> {
    expect(await this.values(await this.pin(day)), name).toEqual(values);
    expect(await this.values(old), `${name}: the old one`).toEqual(OLD);
    const root = this.store.resolve(crashRows.uri);
    const beside = await this.store.list(childUri(root, '.heddle', 'gen', `day=${day}`));
    expect(
      beside.filter(({ folder }) => !folder).map(({ uri }) => uri),
      name,
    ).toEqual([]);
    for (const runId of runs) expect(await this.store.list(childUri(root, '.heddle', 'staging', runId)), name).toEqual([]);
    const { partitions, damaged } = await listPartitions(this.store, crashRows);
    expect(damaged).toEqual([]);
    const [here, ...more] = partitions.filter(({ key }) => key['day'] === day);
    expect([here?.generation, more], name).toEqual([generation, []]);
    await this.isInCatalog(here as PublishedPartition, name); // one generation was just seen
  }

  private async isInCatalog({ key, digest, generation, manifest }: PublishedPartition, name: string): Promise<void> {
    const day = key['day'] ?? '';
    const answer = await this.system.call<{ partitions: readonly object[] }>('GET', `/partitions/crash.rows?from=${day}&to=${day}`);
    expect(answer?.body.partitions, name).toMatchObject([
      { key: day, manifest: digest, generation, rows: manifest.rows, runId: manifest.runId, publishedAt: expect.any(Number) },
    ]);
  }
}
