import { defineConfig } from 'vitest/config';

/** `unit` needs nothing; `e2e` talks HTTP to real processes on an embedded PostgreSQL of its own. */
export default defineConfig({
  test: {
    reporters: ['default', ['json', { outputFile: 'test-results.json' }]],
    projects: [
      {
        resolve: { tsconfigPaths: true },
        test: {
          name: 'unit',
          globals: true,
          setupFiles: ['test/support/setup.ts'],
          include: ['libs/**/*.spec.ts', 'apps/**/*.spec.ts', 'test/*.spec.ts'],
        },
      },
      {
        resolve: { tsconfigPaths: true },
        test: {
          name: 'e2e',
          globals: true,
          // Two at a time, even on two cores: most of a file is waiting, and each test has its own company.
          maxWorkers: 2,
          setupFiles: ['test/support/setup.ts'],
          globalSetup: ['test/support/stack.ts'],
          include: ['test/*.e2e-spec.ts'],
          // No test asserts a time: these end what hangs, also on a machine that is slow today.
          testTimeout: 60_000,
          hookTimeout: 120_000,
          expect: { poll: { timeout: 30_000 } },
        },
      },
    ],
  },
});
