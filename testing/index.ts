/** `heddle/testing`: runs pipelines in unit tests, in process, in milliseconds. */
export { fails, takes, FakeFailure, type Fake, type FakeCall } from './fakes.ts';
export type { TestData } from './memory-data.ts';
export { runPipeline, type PipelineResult, type RunPipelineOptions, type StepRow } from './run-pipeline.ts';
export { TestResults } from './results.ts';
