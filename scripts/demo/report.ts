/** The demo's closing table and demo-report.json. For scripts/demo.ts. */
import type { RunDetail } from '../../dsl/contract/api.ts';

/** demo-report.json, as the issue fixes it. */
export interface DemoReport {
  readonly pipelines: readonly PipelineRow[];
  readonly model: { readonly auc: number; readonly baseRate: number };
  readonly cache: { readonly entries: number; readonly coverage: number; readonly mismatches: number };
}
export interface PipelineRow {
  readonly name: string;
  readonly runId: string;
  readonly status: string;
  /** Steps that ran; skipped ones are not counted. */
  readonly steps: number;
  /** Rows read and written through datasets; for training and prewarming also what they wrote elsewhere. */
  readonly rowsIn: number;
  readonly rowsOut: number;
  readonly seconds: number;
}

export function rowOf(run: RunDetail, alsoWritten = 0): PipelineRow {
  const sum = (of: 'rowsIn' | 'rowsOut'): number => run.steps.reduce((rows, step) => rows + (step.meta?.[of] ?? 0), 0);
  const ran = run.steps.filter(({ kind, status }) => status === 'done' && !['map', 'branch', 'loop'].includes(kind));
  return {
    name: run.pipeline,
    runId: run.runId,
    status: run.status,
    steps: ran.length,
    rowsIn: sum('rowsIn'),
    rowsOut: sum('rowsOut') + alsoWritten,
    seconds: Math.round(((run.endedAt ?? run.createdAt) - (run.startedAt ?? run.createdAt)) / 100) / 10,
  };
}

export function closingTable(rows: readonly PipelineRow[], notes: Readonly<Record<string, string>>): string {
  const cells = [
    ['PIPELINE', 'RUN', 'STATUS', 'STEPS', 'ROWS IN', 'ROWS OUT', 'SECONDS', ''],
    ...rows.map((row) => [
      row.name,
      row.runId,
      row.status,
      String(row.steps),
      count(row.rowsIn),
      count(row.rowsOut),
      row.seconds.toFixed(1),
      notes[row.name] ?? '',
    ]),
  ];
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map((line) => line[column]!.length)));
  const right = new Set([3, 4, 5, 6]);
  return cells
    .map((line) =>
      line
        .map((cell, column) => (right.has(column) ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
const count = (rows: number): string => rows.toLocaleString('en-US');
