/** Runs with many steps and catalogs with many runs: pages side by side, and queries that must not read everything. */
import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { addRun } from '../../catalog/runs.ts';
import { listSteps, writePage } from '../../catalog/steps.ts';
import { eachCatalog } from './each-catalog.ts';
import { sampleRun, sampleStep } from './samples.ts';

eachCatalog('the catalog of a large run', (catalog) => {
  it('numbers the steps of pages that come side by side apart, so that a listing leaves none out', async () => {
    const run = sampleRun();
    const { runId } = run;
    await addRun(catalog().db, run);
    const pages = Array.from({ length: 12 }, (_, page) => Array.from({ length: 25 }, (_unused, i) => sampleStep(`m[${page}].s${i}`)));
    await Promise.all(pages.map((steps, page) => catalog().transaction((trx) => writePage(trx, { runId, retry: 0, page: String(page), at: 1, steps }))));
    const seen: string[] = [];
    let cursor: number | undefined = 0;
    while (cursor !== undefined) {
      const page: Awaited<ReturnType<typeof listSteps>> = await listSteps(catalog().db, runId, { limit: 7, cursor });
      seen.push(...page.items.map(({ step }) => step));
      cursor = page.next === null ? undefined : Number(page.next);
    }
    expect(seen.toSorted()).toEqual(
      pages
        .flat()
        .map(({ step }) => step)
        .toSorted(),
    );
  });

  it('finds runs by time, by the run that called them and by their backfill without reading the whole table', async () => {
    if (catalog().kind !== 'sqlite') return; // PostgreSQL reads a small table as a whole whatever indices there are; they are the same
    const plans = [
      sql`explain query plan select * from runs where project = 'default' order by created_at desc, run_id desc limit 50`,
      sql`explain query plan select * from runs where parent_run_id = 'r' and called = 1 and status in ('starting', 'running', 'paused')`,
      sql`explain query plan delete from runs where backfill = 'b' and status = 'starting' and called = 1`,
    ];
    const used = await Promise.all(plans.map(async (plan) => (await plan.execute(catalog().db)).rows as { detail: string }[]));
    const details = used.map((rows) => rows.map(({ detail }) => detail).join('; '));
    expect(details).toEqual([
      expect.stringMatching(/USING INDEX runs_by_time \(project=\?\)$/), // and no sort behind it
      expect.stringMatching(/USING INDEX runs_by_parent/),
      expect.stringMatching(/USING INDEX runs_by_backfill/),
    ]);
  });
});
