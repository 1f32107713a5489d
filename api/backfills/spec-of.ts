/** What a request for a plan means: defaults filled in, the pipeline of a dataset found. Server only. */
import { closestName } from '../../config/closest-name.ts';
import type { BackfillSpec } from '../../dsl/contract/backfill.ts';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import type { PipelineFacts } from '../../planner/pipeline-facts.ts';
import { getPlan } from '../../catalog/plans.ts';
import { checkParams } from '../runs/check-params.ts';
import type { PlanBackfillBody } from '../schemas/backfills.ts';
import type { ServerParts } from '../server-parts.ts';
import { loadFacts } from './load-project.ts';

const CONCURRENCY = 8;
const BREAKER = { inARow: 20, share: 0.5 };

/** Throws HDL-BACKFILL-TARGET, HDL-NO-PIPELINE, HDL-NO-PLAN, HDL-BAD-PARAMS. */
export async function specOf(parts: ServerParts, body: PlanBackfillBody, plans: Readonly<Record<string, string>>): Promise<BackfillSpec> {
  const facts = await loadFacts(parts, plans);
  const pipeline = body.pipeline ?? makerOf(facts, body.dataset ?? '');
  const hash = plans[pipeline];
  if (hash === undefined) {
    const near = closestName(pipeline, [...facts.keys()]);
    throw new HeddleError('HDL-NO-PIPELINE', {
      what: `There is no pipeline "${pipeline}" among the plans.${near === undefined ? '' : ` Did you mean "${near}"?`}`,
      fix: `It has: ${[...facts.keys()].join(', ') || 'none: run heddle apply, or send plans'}.`,
    });
  }
  const plan = await getPlan(parts.catalog.db, hash);
  if (!plan) throw new HeddleError('HDL-NO-PLAN', { what: `The server does not hold the plan ${hash} of ${pipeline}.` });
  return {
    pipeline,
    plans,
    params: checkParams(plan, body.params ?? {}),
    from: body.from ?? null,
    to: body.to ?? null,
    keys: body.keys ?? null,
    where: body.where ?? {},
    only: body.only ?? null,
    force: body.force ?? false,
    codeDrift: body.codeDrift ?? false,
    withUpstream: body.withUpstream ?? false,
    overlap: body.overlap ?? 'share',
    run: {
      concurrency: body.concurrency ?? CONCURRENCY,
      order: body.order ?? 'newest',
      rate: body.rate ?? null,
      window: body.window ?? null,
      budget: {
        ...(body.budget?.runs !== undefined && { runs: body.budget.runs }),
        ...(body.budget?.wallMs !== undefined && { wallMs: body.budget.wallMs }),
        ...(body.budget?.slotMs !== undefined && { slotMs: body.budget.slotMs }),
      },
      breaker: {
        inARow: body.breaker?.inARow === undefined ? BREAKER.inARow : body.breaker.inARow,
        share: body.breaker?.share === undefined ? BREAKER.share : body.breaker.share,
      },
    },
  };
}

function makerOf(facts: ReadonlyMap<string, PipelineFacts>, dataset: string): string {
  const makers = [...facts.values()].filter(({ outputs }) => outputs.some((output) => output.dataset.name === dataset)).map(({ pipeline }) => pipeline);
  const [maker] = makers;
  if (maker !== undefined && makers.length === 1) return maker;
  throw new HeddleError('HDL-BACKFILL-TARGET', {
    what:
      maker === undefined ? `No pipeline publishes ${dataset} for its own partition.` : `${dataset} is published by ${makers.join(' and ')}: name one of them.`,
    where: `dataset ${dataset}`,
  });
}
