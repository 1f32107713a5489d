/**
 * docs/pipelines.md against the pipelines and the tests: each row of each pipeline's list is there, the steps it names are in
 * the plan, and the tests it names exist.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pipelineOf } from '../../dsl/authoring/values.ts';
import { buildPlan } from '../../dsl/plan/build-plan.ts';
import type { Json } from '../../dsl/plan/types.ts';
import { features } from '../../pipelines/features.ts';
import { prewarm } from '../../pipelines/prewarm.ts';
import { score } from '../../pipelines/score.ts';
import { train } from '../../pipelines/train.ts';
import { root } from '../cli/heddle.ts';

/** What an expert asks of each pipeline. */
const ROWS = {
  'Backfill: `flights.features`': ['request', 'plan', 'confirm', 'preflight', 'compute', 'check', 'publish', 'propagate', 'reconcile', 'report'],
  'Training: `flights.train`': [
    'resolve',
    'await inputs',
    'skip check',
    'build dataset',
    'validate data',
    'train',
    'pick best',
    'evaluate',
    'gate',
    'approve',
    'register, promote',
    'hand over',
    'clean up',
  ],
  'Batch scoring: `flights.score`': ['resolve model', 'pin inputs', 'validate input', 'plan shards', 'score', 'check', 'publish', 'load', 'notify'],
  'Prewarming: `flights.prewarm`': [
    'resolve',
    'preflight',
    'enumerate',
    'diff',
    'rank',
    'plan',
    'score and write',
    'verify',
    'rewind',
    'swap',
    'watch',
    'keep or swap back',
    'reclaim',
  ],
  'Every step': [
    'typed handles',
    'idempotency key',
    'heartbeats',
    're-attach',
    'waiting apart from running',
    'logical time',
    'only the publish step publishes',
  ],
} as const;
type Section = keyof typeof ROWS;
const PIPELINES: Partial<Record<Section, unknown>> = {
  'Backfill: `flights.features`': features,
  'Training: `flights.train`': train,
  'Batch scoring: `flights.score`': score,
  'Prewarming: `flights.prewarm`': prewarm,
};

interface Row {
  readonly name: string;
  readonly shown: string;
  readonly proof: string;
}
const page = readFileSync(join(root, 'docs', 'pipelines.md'), 'utf8');
const sections = new Map(
  page
    .split(/^## /m)
    .slice(1)
    .map((text): [string, Row[]] => [
      text.slice(0, text.indexOf('\n')),
      text
        .split('\n')
        .filter((line) => line.startsWith('| ') && !/^\| (row|---)/.test(line))
        .map((line): Row => {
          const [name = '', shown = '', proof = ''] = line.slice(2, -2).split(' | ');
          return { name: name.trim(), shown, proof };
        }),
    ]),
);

describe.each(Object.entries(ROWS))('%s', (section, rows) => {
  const found = sections.get(section) ?? [];

  it('has each row once', () => {
    expect(found.map(({ name }) => name)).toEqual(rows);
  });

  it.each(found)('$name: the steps it names are in the plan', ({ shown, proof }) => {
    expect(shown.trim()).not.toBe('');
    const pipeline = pipelineOf(PIPELINES[section as Section]);
    const steps = [...shown.matchAll(/(?:step|steps|and) `([^`]+)`/g)].map(([, name]) => name ?? '');
    if (pipeline === undefined || steps.length === 0) return;
    const names = namesIn(buildPlan(pipeline, { hashOf: (name) => `hash of ${name}` }) as unknown as Json);
    for (const step of steps) expect(names, `a step of ${pipeline.name}`).toContain(step);
    expect(proof).not.toBe('');
  });

  it.each(found)('$name: the tests it names exist', ({ proof }) => {
    const named = [...proof.matchAll(/`(test\/[^`]+)`: "([^"]+)"/g)];
    // what another issue brings says so
    if (proof.trim().startsWith('comes with ')) return;
    expect(named.length, `tests of this row: ${proof}`).toBeGreaterThan(0);
    for (const [, file = '', title = ''] of named) {
      expect(existsSync(join(root, file)), file).toBe(true);
      const titles = readFileSync(join(root, file), 'utf8').replaceAll("\\'", "'");
      expect(
        ["'", '"', '`'].some((quote) => titles.includes(`${quote}${title}`)),
        `${file}: ${title}`,
      ).toBe(true);
    }
  });
});

/** Ids and task names of all nodes, nested ones too. */
function namesIn(value: Json): Set<string> {
  const names = new Set<string>();
  const walk = (part: Json): void => {
    if (part === null || typeof part !== 'object') return;
    if (Array.isArray(part)) {
      for (const item of part) walk(item as Json);
      return;
    }
    for (const [key, inner] of Object.entries(part)) {
      if ((key === 'id' || key === 'task' || key === 'name') && typeof inner === 'string') names.add(inner);
      walk(inner as Json);
    }
  };
  walk(value);
  return names;
}
