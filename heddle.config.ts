/** The reference pipelines of this repository as a project: what `npm run demo` runs. */
import { defineConfig } from 'heddle';

export default defineConfig({
  pipelines: ['pipelines/**/*.ts'],
  pools: { default: { classes: { small: { slots: 4 } } } },
  // for the one step that is a program (pipelines/score/report.ts); runs with --param python=false leave it out
  python: 'python3',
});
