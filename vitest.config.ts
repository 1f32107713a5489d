import { defineConfig } from 'vitest/config';

/** `npm test` leaves out *.full.test.ts (long ones: npm run test:full). */
export default defineConfig({
  resolve: { conditions: ['heddle-source'] },
  ssr: { resolve: { conditions: ['heddle-source'] } },
  test: {
    include: ['test/**/*.test.ts'],
    exclude: process.env['HEDDLE_TEST_FULL'] === '1' ? [] : ['test/**/*.full.test.ts'],
    pool: 'forks',
    execArgv: ['--conditions=heddle-source'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
  },
});
