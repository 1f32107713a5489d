import { describe, expect, it } from 'vitest';
import { decodeKeptRows, encodeKeptRows } from '../../activities/scoring/kept-rows.ts';
import { planShards } from '../../activities/scoring/plan-shards.ts';
import { partRows } from '../../activities/scoring/quarantine.ts';
import { ScoreColumns } from '../../activities/scoring/score-columns.ts';
import { rangeProfile } from '../../activities/training/range-profile.ts';
import { sampleSet } from '../training/sample-set.ts';

const table = { ...sampleSet(100, 1), flight: Int32Array.from({ length: 100 }, (_, i) => i) };
const profile = rangeProfile(table);

describe('quarantine', () => {
  it('parts each row to one side and says why', () => {
    const x = table.x.slice();
    x[3 * 10] = 1_000;
    x[3 * 20 + 1] = Number.NaN;
    const { kept, rejects } = partRows({ ...table, x }, { features: table.features, profile });
    expect(kept.rows + rejects.length).toBe(100);
    expect(rejects).toEqual([
      { flight: 10, at: table.at[10], feature: 'a', value: 1_000 },
      { flight: 20, at: table.at[20], feature: 'b', value: 0 },
    ]);
    expect(kept.flight.includes(10)).toBe(false);
  });
  it('refuses a model that was trained on other columns', () => {
    expect(() => partRows(table, { features: ['a'], profile })).toThrow(/the model takes a,/);
  });
  it('writes rows that are read back', () => {
    const { kept } = partRows(table, { features: table.features, profile });
    expect(decodeKeptRows(encodeKeptRows(kept))).toEqual(kept);
    expect(decodeKeptRows(encodeKeptRows({ rows: 0, flight: new Int32Array(0), x: new Float32Array(0) })).rows).toBe(0);
  });
});

describe('shards', () => {
  it('cover each row once, with ids that say where they begin', () => {
    expect(planShards(20, 8)).toEqual([
      { id: 'rows-00000000', first: 0, count: 8 },
      { id: 'rows-00000008', first: 8, count: 8 },
      { id: 'rows-00000016', first: 16, count: 4 },
    ]);
    expect(planShards(0, 8)).toEqual([]);
  });
});

describe('scores', () => {
  const batch = (first: number, numRows: number) => ({
    numRows,
    columns: {
      flight: Int32Array.from({ length: numRows }, (_, i) => first + i),
      at: Int32Array.from({ length: numRows }, (_, i) => 1_000 + first + i),
      origin: Array.from({ length: numRows }, () => 'ATL'),
      destination: Array.from({ length: numRows }, () => 'ORD'),
    },
  });
  it('stand beside their flights, over the bounds of batches, without those in quarantine', () => {
    const columns = new ScoreColumns(Int32Array.from([0, 2, 3]), Float32Array.from([0.5, 0.25, 0.75]), 'm@1');
    const first = columns.join(batch(0, 2));
    const second = columns.join(batch(2, 3));
    columns.checkComplete();
    expect([...first.columns.flight, ...second.columns.flight]).toEqual([0, 2, 3]);
    expect([...second.columns.score]).toEqual([0.25, 0.75]);
    expect([...second.columns.at]).toEqual([1_002, 1_003]);
  });
  it('that belong to no flight are an error', () => {
    const columns = new ScoreColumns(Int32Array.from([0, 9]), Float32Array.from([0.5, 0.5]), 'm@1');
    columns.join(batch(0, 3));
    expect(() => columns.checkComplete()).toThrow(/1 scores belong to no row/);
  });
});
