/** Judges a staged partition by what its dataset expects: from the figures in its manifest, and the rows of its neighbours. Workers. */
import type { StagedPartition } from '../../dsl/contract/step.ts';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import type { Store } from '../store.ts';
import { AGAINST, columnProblems, rowProblems } from './judge-partition.ts';
import type { Manifest } from './manifest.ts';
import { neighbourRows } from './neighbours.ts';
import { pathOfStaged } from './staged-path.ts';

type Staged = Omit<StagedPartition, 'at'>;

/** Throws HDL-EXPECTATION, which names dataset, partition, column, expected and found: all that is wrong, the first one in front. */
export async function checkExpectations(store: Store, staged: Staged, manifest: Manifest): Promise<void> {
  const { checks } = staged;
  if (!checks) return;
  const path = pathOfStaged(staged);
  const { band, against = AGAINST } = checks.expect.rows ?? {};
  const neighbours = band === undefined ? [] : await neighbourRows(store, staged, path, against);
  const key = staged.key as Readonly<Record<string, string>>; // keys are texts
  const wrong = [...rowProblems(checks.expect, manifest.rows, neighbours), ...columnProblems(checks, key, manifest.rows, manifest.profile ?? {})];
  const [first, ...more] = wrong;
  if (first === undefined) return;
  throw new HeddleError('HDL-EXPECTATION', {
    what: `${staged.dataset} ${path}: ${[first, ...more].join('; ')}.`,
    where: staged.staging,
    why: 'Nothing was published, and what was published before is in place.',
  });
}
