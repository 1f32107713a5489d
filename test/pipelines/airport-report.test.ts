/** The step in Python, run as the worker runs it: JSON files named by variables. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { taskOf } from '../../dsl/authoring/values.ts';
import { airportReport } from '../../pipelines/score/report.ts';

const root = join(import.meta.dirname, '..', '..');
const task = taskOf(airportReport)!;
const [python, ...args] = task.command as [string, ...string[]];
const missing = spawnSync(python, ['--version']).status !== 0;

describe('the airport report', () => {
  it.skipIf(missing)('ranks airports by their expected delays and leaves out the small ones', () => {
    const folder = mkdtempSync(join(tmpdir(), 'heddle-report-'));
    const files = { HEDDLE_INPUT: join(folder, 'in.json'), HEDDLE_OUTPUT: join(folder, 'out.json') };
    const airports = [
      { airport: 'ATL', flights: 100, expectedLate: 10 },
      { airport: 'ORD', flights: 200, expectedLate: 80 },
      { airport: 'YAK', flights: 2, expectedLate: 2 },
    ];
    writeFileSync(files.HEDDLE_INPUT, JSON.stringify(task.input.parse({ day: '2001-03-08', airports })));
    const ran = spawnSync(python, args, { cwd: root, env: { ...process.env, ...files }, encoding: 'utf8' });
    expect(ran.stderr).toBe('');
    expect(ran.stdout).toMatch(/^::progress 2\/2 /);
    const output = task.output.parse(JSON.parse(readFileSync(files.HEDDLE_OUTPUT, 'utf8'))) as { worst: string[]; lines: string[] };
    expect(output.worst).toEqual(['ORD', 'ATL']);
    expect(output.lines.at(-1)).toBe('mean of 2 airports on 2001-03-08: 25.0 %');
    rmSync(folder, { recursive: true });
  });
});
