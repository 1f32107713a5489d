/**
 * The registry of error codes, composed of one table an area. Each code has a page in docs/errors/, a thrower and a test
 * (test/errors walks this).
 */
import { authoringCodes } from './codes/authoring.ts';
import { backfillCodes } from './codes/backfill.ts';
import { cachesCodes } from './codes/caches.ts';
import { cliCodes } from './codes/cli.ts';
import { columnsCodes } from './codes/columns.ts';
import { compilerCodes } from './codes/compiler.ts';
import { dataCodes } from './codes/data.ts';
import { datasetsCodes } from './codes/datasets.ts';
import { hdfsCodes } from './codes/hdfs.ts';
import { modelsCodes } from './codes/models.ts';
import { runCodes } from './codes/run.ts';
import { scoringCodes } from './codes/scoring.ts';
import { serverCodes } from './codes/server.ts';
import { workerCodes } from './codes/worker.ts';

export interface CodeEntry {
  /** One line: the kind of mistake. */
  readonly title: string;
  /** General advice; a thrower may give a better one. */
  readonly fix: string;
  /** Exit code of the command line: 1 the run or check failed, 2 wrong use, 3 an outside part is unreachable. */
  readonly exit: 1 | 2 | 3;
  /** HTTP status of the API, where the code can come from there. */
  readonly status?: number;
}

export const registry = {
  ...authoringCodes,
  ...compilerCodes,
  ...runCodes,
  ...backfillCodes,
  ...workerCodes,
  ...dataCodes,
  ...columnsCodes,
  ...datasetsCodes,
  ...hdfsCodes,
  ...modelsCodes,
  ...scoringCodes,
  ...cachesCodes,
  ...serverCodes,
  ...cliCodes,
} as const satisfies Record<string, CodeEntry>;

export type ErrorCode = keyof typeof registry;
