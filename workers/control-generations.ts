/** Control activity heddle.issue_generations: the fencing tokens of the publishes of an accepted attempt. Server only. */
import type { ServerParts } from '../api/server-parts.ts';
import { issueGeneration } from '../catalog/publications.ts';
import type { ControlActivities } from '../dsl/contract/control.ts';
import { newestGeneration } from '../storage/datasets/newest-generation.ts';
import { pathOfStaged } from '../storage/datasets/staged-path.ts';

export const issueGenerations =
  (parts: ServerParts): ControlActivities['heddle.issue_generations'] =>
  async ({ project, runId, step, staged }) => {
    const generations: number[] = [];
    for (const one of staged) {
      const path = pathOfStaged(one);
      const wanted = {
        uri: one.uri,
        path,
        dataset: one.dataset,
        kind: 'publish',
        runId,
        step,
        staging: one.staging,
        manifest: one.manifestDigest,
        rows: one.rows,
        bytes: one.bytes,
        issuedAt: Date.now(),
        who: null,
        note: null,
      } as const;
      // the store may know of more than a catalog that was restored
      generations.push(await issueGeneration(parts.catalog.db, project, wanted, () => newestGeneration(parts.store, one.uri, path)));
    }
    return { generations };
  };
