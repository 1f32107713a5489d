/** The bundle of the workflow sandbox. The default export serves every workflow type that is not exported by name. */
export { runPipeline as default } from './interpreter.ts';
export { runBackfill as 'heddle.backfill' } from './backfill/backfill.ts';
export { runCells as 'heddle.cells' } from './backfill/cells.ts';
export { runChunk as 'heddle.map' } from './chunk.ts';
export { runLongStep as 'heddle.step' } from './long-step.ts';
