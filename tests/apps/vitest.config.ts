import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // The applications log every call; only a failed test's lines are of use.
    silent: 'passed-only',
    // What is built and the package run as Node runs them, not as Vite transforms them.
    server: { deps: { external: [/\/npm\/kontract\//, /\/kontract-apps-/] } },
  },
});
