import { daily, hourly, pipeline, task, z } from 'heddle';
import { noop } from './no-op.ts';

/** A partition that costs one no-op step. */
export const hours = pipeline({ name: 'bench.hours', partitions: hourly({ start: '2001-01-01' }) }, () => noop({ x: 1 }));

/** Holds its slot for half a second. */
const sleeps = task({
  name: 'bench.sleeps',
  version: '1',
  output: z.int(),
  run: async () => new Promise<number>((resolve) => setTimeout(() => resolve(1), 500)),
});
export const sleepy = pipeline({ name: 'bench.sleepy', partitions: hourly({ start: '2001-01-01' }) }, () => sleeps());
export const live = pipeline({ name: 'bench.live', partitions: daily({ start: '2001-01-01' }) }, () => noop({ x: 1 }));
