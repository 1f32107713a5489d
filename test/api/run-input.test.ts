/** The argument that a run's workflow is started with: Temporal takes 2 MiB. */
import { expect, it } from 'vitest';
import { runInputOf } from '../../api/runs/start-workflow.ts';
import type { RunRow } from '../../catalog/runs.ts';
import { sampleRun } from '../catalog/samples.ts';
import { tinyPlan } from '../server/test-server.ts';

it('leaves the skeleton to be loaded where it and the parameters are too large together, counted in bytes', () => {
  const run = (params: object): RunRow => ({ ...sampleRun(), retry: 0, params }) as unknown as RunRow; // what the input is made of
  expect(runInputOf(run({ text: 'x' }), tinyPlan()).skeleton).toBeDefined();
  expect(runInputOf(run({ text: 'ü'.repeat(600_000) }), tinyPlan()).skeleton).toBeUndefined();
});
