import { defineConfig } from 'heddle';

/** The project that the benchmarks run: 200 slots, as the baseline's activity worker has. */
export default defineConfig({
  project: 'bench',
  pipelines: ['pipelines/*.ts'],
  pools: { default: { classes: { small: { slots: 200 } } } },
});
